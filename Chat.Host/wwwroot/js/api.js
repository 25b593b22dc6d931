/** An answer that is not a success, or no answer at all (`status` 0). */
export class ApiError extends Error {
  constructor(status, code, text, retryAfter = 0) {
    super(text);
    this.status = status;
    this.code = code;
    /** Milliseconds; 0 where waiting does not help. */
    this.retryAfter = retryAfter;
  }
}

const id = encodeURIComponent;

/** The REST face. Every call may throw {@link ApiError}. */
export class Api {
  #identity;

  constructor(identity) {
    this.#identity = identity;
  }

  sessions({ status, limit, offset }) {
    return this.#json('GET', `sessions?status=${status}&limit=${limit}&offset=${offset}`);
  }
  session(session) { return this.#json('GET', `sessions/${id(session)}`); }
  createSession(fields) { return this.#json('POST', 'sessions', fields); }
  patchSession(session, fields) { return this.#json('PATCH', `sessions/${id(session)}`, fields); }
  archiveSession(session) { return this.#json('DELETE', `sessions/${id(session)}`); }
  members(session) { return this.#json('GET', `sessions/${id(session)}/members`); }
  agents() { return this.#json('GET', '../agents'); }
  ticket() { return this.#json('POST', 'tickets'); }
  /** @param {string | null} before `next` of the page before */
  search(words, before) { return this.#json('GET', `search?q=${id(words)}&limit=20${before ? `&before=${id(before)}` : ''}`); }

  messages(session, { limit = 50, before } = {}) {
    return this.#json('GET', `sessions/${id(session)}/messages?limit=${limit}${before ? `&before=${before}` : ''}`);
  }
  /** @param key makes the repeat of a send the same send */
  postMessage(session, fields, key) {
    return this.#json('POST', `sessions/${id(session)}/messages`, fields, { 'Idempotency-Key': key });
  }
  editMessage(session, message, content) {
    return this.#json('PATCH', `sessions/${id(session)}/messages/${id(message)}`, { content });
  }
  deleteMessage(session, message) { return this.#json('DELETE', `sessions/${id(session)}/messages/${id(message)}`); }
  react(session, message, emoji) {
    return this.#json('POST', `sessions/${id(session)}/messages/${id(message)}/reactions`, { emoji });
  }
  unreact(session, message, emoji) {
    return this.#json('DELETE', `sessions/${id(session)}/messages/${id(message)}/reactions/${id(emoji)}`);
  }
  /**
   * @param key makes the repeat of an upload the same upload
   * @param {(share: number) => void} onProgress of the bytes, 0 to 1
   * @param {AbortSignal} signal ends it; the promise is then rejected with an `ApiError` of code `ABORTED`
   */
  async upload(session, file, text, key, onProgress, signal, renewed = false) {
    const form = new FormData();
    if (text) form.append('message', text);
    form.append('file', file);
    const { status, body, retryAfter } = await this.#transmit(`sessions/${id(session)}/files`, form, key, onProgress, signal);
    if (status >= 200 && status < 300) return body;
    if (status === 401 && !renewed && this.#identity.signedIn) {
      await this.#identity.renew();
      return this.upload(session, file, text, key, onProgress, signal, true);
    }
    throw new ApiError(status, body.code, body.detail || body.title || `The server answered ${status}.`, retryAfter);
  }

  /** @returns {Promise<Blob>} an image element cannot carry the token */
  async blob(path) {
    return (await this.#send('GET', new URL(path, document.baseURI), undefined, {}, 'default')).blob();
  }

  /** An address that a plain link can open once, soon. */
  async download(path) {
    const url = new URL(path, document.baseURI);
    url.searchParams.set('download', '1');
    url.searchParams.set('ticket', (await this.ticket()).ticket);
    return url;
  }
  stopStream(session, message) { return this.#json('POST', `sessions/${id(session)}/streams/${id(message)}/stop`); }

  async #json(method, path, body, headers) {
    const response = await this.#send(method, new URL(`api/chat/${path}`, document.baseURI), body, headers);
    return response.status === 204 ? null : response.json();
  }

  /** `fetch` does not tell how far an upload has come. */
  #transmit(path, form, key, onProgress, signal) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open('POST', new URL(`api/chat/${path}`, document.baseURI));
      request.setRequestHeader('Authorization', `Bearer ${this.#identity.token}`);
      request.setRequestHeader('Idempotency-Key', key);
      request.upload.onprogress = event => event.lengthComputable && onProgress(event.loaded / event.total);
      request.onload = () => resolve({
        status: request.status, body: parsed(request.responseText), retryAfter: Number(request.getResponseHeader('Retry-After')) * 1000 || 0,
      });
      request.onerror = () => reject(new ApiError(0, 'OFFLINE', 'The connection was lost, or the server did not take the file.'));
      request.onabort = () => reject(new ApiError(0, 'ABORTED', 'Cancelled.'));
      signal.addEventListener('abort', () => request.abort(), { once: true });
      request.send(form);
    });
  }

  async #send(method, url, body, headers = {}, cache = 'no-store', renewed = false) {
    let response;
    try {
      response = await fetch(url, {
        method,
        cache,
        headers: {
          Authorization: `Bearer ${this.#identity.token}`,
          ...(body && { 'Content-Type': 'application/json' }),
          ...headers,
        },
        body: body && JSON.stringify(body),
      });
    } catch {
      throw new ApiError(0, 'OFFLINE', 'The server cannot be reached.');
    }
    if (response.ok) return response;
    if (response.status === 401 && !renewed && this.#identity.signedIn) {
      await this.#identity.renew();
      return this.#send(method, url, body, headers, cache, true);
    }
    const problem = await response.json().catch(() => ({}));
    throw new ApiError(response.status, problem.code, problem.detail || problem.title || `The server answered ${response.status}.`,
      Number(response.headers.get('Retry-After')) * 1000 || 0);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

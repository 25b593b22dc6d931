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
  stopStream(session, message) { return this.#json('POST', `sessions/${id(session)}/streams/${id(message)}/stop`); }

  async #json(method, path, body, headers) {
    const response = await this.#send(method, new URL(`api/chat/${path}`, document.baseURI), body, headers);
    return response.status === 204 ? null : response.json();
  }

  async #send(method, url, body, headers = {}, renewed = false) {
    let response;
    try {
      response = await fetch(url, {
        method,
        cache: 'no-store',
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
      return this.#send(method, url, body, headers, true);
    }
    const problem = await response.json().catch(() => ({}));
    throw new ApiError(response.status, problem.code, problem.detail || problem.title || `The server answered ${response.status}.`,
      Number(response.headers.get('Retry-After')) * 1000 || 0);
  }
}

import { Signal } from './signal.js';

const PREFIX = 'chat.outbox:';
// An answer this late was lost; asking again is safe, since the send has an id.
const ACK_WITHIN = 15_000;

/**
 * The messages of one user and session that the server has not yet acknowledged. They survive a reload, and go out one
 * at a time, so that they arrive in the order they were written, each with an id that makes its repeat harmless.
 */
export class Outbox {
  /** (entry) is new, different or gone. */
  changed = new Signal();

  #key;
  #transmit;
  #entries;
  #flying = null;
  #timer = 0;
  #pausedUntil = 0;
  #onStorage = event => event.key === this.#key && this.#reread();

  /** @param {(frame) => boolean} transmit false where there is no connection */
  constructor(user, session, transmit) {
    this.#key = keyOf(user, session);
    this.#transmit = transmit;
    this.#entries = stored(this.#key);
    addEventListener('storage', this.#onStorage);
  }

  get entries() {
    return this.#entries;
  }

  /** The one that was sent and is not answered yet. */
  get flying() {
    return this.#flying;
  }

  add(content, { replyTo } = {}) {
    const entry = { id: newId(), content, replyTo, at: new Date().toISOString() };
    this.#save(list => [...list, entry]);
    this.changed.fire(entry);
    if (!this.#flying) this.pump();
  }

  /** The connection is there (again): whatever was under way is asked again. */
  restart() {
    this.#flying = null;
    this.pump();
  }

  pump() {
    clearTimeout(this.#timer);
    const wait = this.#pausedUntil - Date.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => this.pump(), wait);
      return;
    }
    const entry = this.#flying ?? this.#entries.find(e => !e.failed);
    if (!entry) return;
    const sent = this.#transmit({
      type: 'message', content: entry.content, client_message_id: entry.id,
      ...(entry.replyTo && { reply_to: entry.replyTo }),
    });
    this.#flying = sent ? entry : null;
    if (sent) this.#timer = setTimeout(() => this.pump(), ACK_WITHIN);
  }

  /** @returns the entry that was acknowledged, if it is one of these */
  acknowledge(id) {
    const entry = this.#take(id);
    if (entry) this.#next(id);
    return entry;
  }

  /** @returns {boolean} whether the refusal was meant for one of these */
  refuse(id, text, retryAfter) {
    const entry = this.#entries.find(e => e.id === id);
    if (!entry) return false;
    if (retryAfter) {
      this.#pausedUntil = Date.now() + retryAfter;
      this.#update(entry, { note: `${text} Trying again soon.` });
    } else {
      this.#update(entry, { failed: text, note: undefined });
    }
    this.#next(id);
    return true;
  }

  retry(id) {
    const entry = this.#entries.find(e => e.id === id);
    if (!entry) return;
    this.#update(entry, { failed: undefined });
    if (!this.#flying) this.pump();
  }

  discard(id) {
    if (this.#take(id)) this.#next(id);
  }

  close() {
    clearTimeout(this.#timer);
    removeEventListener('storage', this.#onStorage);
  }

  #next(id) {
    if (this.#flying?.id === id) this.#flying = null;
    if (!this.#flying) this.pump();
  }

  #take(id) {
    const entry = this.#entries.find(e => e.id === id);
    if (!entry) return null;
    this.#save(list => list.filter(e => e.id !== id));
    this.changed.fire(entry);
    return entry;
  }

  #update(entry, fields) {
    Object.assign(entry, fields);
    this.#save(list => list.map(e => e.id === entry.id ? entry : e));
    this.changed.fire(entry);
  }

  /** Changes the stored list, which another tab may have changed since. */
  #save(change) {
    const known = new Map(this.#entries.map(e => [e.id, e]));
    const list = change(stored(this.#key));
    this.#entries = list.map(e => known.get(e.id) ?? e);
    if (list.length) localStorage.setItem(this.#key, JSON.stringify(list));
    else localStorage.removeItem(this.#key);
  }

  #reread() {
    const before = this.#entries;
    const known = new Map(before.map(e => [e.id, e]));
    this.#entries = stored(this.#key).map(e => known.get(e.id) ?? e);
    for (const entry of new Set([...before, ...this.#entries])) this.changed.fire(entry);
  }
}

/**
 * Sends what waits in sessions that are not open, over REST: their sockets are closed.
 * @param {string} open the session whose own outbox does this
 */
export async function flushOthers(api, user, open) {
  const prefix = keyOf(user, '');
  for (const key of Object.keys(localStorage).filter(k => k.startsWith(prefix) && k !== keyOf(user, open))) {
    const session = key.slice(prefix.length);
    for (const entry of stored(key).filter(e => !e.failed)) {
      const update = change => {
        const list = stored(key).flatMap(e => e.id === entry.id ? change(e) : [e]);
        if (list.length) localStorage.setItem(key, JSON.stringify(list));
        else localStorage.removeItem(key);
      };
      try {
        await api.postMessage(session, { content: entry.content, reply_to: entry.replyTo }, entry.id);
        update(() => []);
      } catch (error) {
        if (!error.status || error.status >= 500 || error.status === 429) return;
        update(e => [{ ...e, failed: error.message }]);
      }
    }
  }
}

function keyOf(user, session) {
  return `${PREFIX}${encodeURIComponent(user)}:${session}`;
}

function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? [];
  } catch {
    return [];
  }
}

/** For a send: what makes its repeat the same send. `randomUUID` exists in secure contexts only. */
export function newId() {
  return crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, '0')).join('');
}

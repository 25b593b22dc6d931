import { Signal } from './signal.js';

const PAGE = 20;
const POLL_EVERY = 15_000;
// Several frames in a row cause one refresh.
const SETTLE = 1000;

/** The user's sessions, newest activity first, as far as they have been paged in. */
export class SessionList {
  rows = [];
  status = 'active';
  hasMore = false;
  loaded = false;
  error = null;
  changed = new Signal();
  /** The session whose messages are being read: it has nothing unread, whatever an older answer says. */
  reading = null;
  /** Runs beside every poll. */
  polled = new Signal();

  #api;
  #timer = 0;
  #poll = 0;
  #turn = 0;
  #paging = false;
  constructor(api) {
    this.#api = api;
  }

  start() {
    this.refresh();
    this.#poll = setInterval(() => this.#visit(), POLL_EVERY);
    addEventListener('focus', this.#visit);
    addEventListener('online', this.#visit);
  }

  stop() {
    this.#turn++;
    clearInterval(this.#poll);
    clearTimeout(this.#timer);
    removeEventListener('focus', this.#visit);
    removeEventListener('online', this.#visit);
  }

  show(status) {
    if (this.status === status) return;
    this.status = status;
    this.rows = [];
    this.loaded = false;
    this.changed.fire();
    this.refresh();
  }

  /** Soon, and once for all calls until then. */
  touch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), SETTLE);
  }

  refresh() {
    if (this.#paging) return undefined;
    return this.#load(0, Math.min(100, Math.max(PAGE, this.rows.length)));
  }

  async loadMore() {
    this.#paging = true;
    await this.#load(this.rows.length, PAGE);
    this.#paging = false;
  }

  find(id) {
    return this.rows.find(row => row.session_id === id);
  }

  #visit = () => {
    if (document.visibilityState !== 'visible') return;
    this.refresh();
    this.polled.fire();
  };

  async #load(offset, limit) {
    const turn = ++this.#turn;
    try {
      const answer = await this.#api.sessions({ status: this.status, offset, limit });
      if (turn !== this.#turn) return;
      const fresh = answer.sessions;
      const ids = new Set(fresh.map(row => row.session_id));
      const others = this.rows.filter(row => !ids.has(row.session_id));
      // A refresh tells everything up to its end; what was paged in behind it stays as it was.
      this.rows = offset ? [...others, ...fresh] : [...fresh, ...this.rows.slice(limit).filter(row => !ids.has(row.session_id))];
      this.hasMore = answer.has_more || this.rows.length < answer.total;
      this.error = null;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.error = error.message;
    }
    this.loaded = true;
    this.changed.fire();
  }
}

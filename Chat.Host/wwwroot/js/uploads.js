import { newId } from './outbox.js';
import { Signal } from './signal.js';

const all = new Map();

/** Those of a session, which outlive its view: one that is under way goes on while another session is open. */
export function uploadsOf(user, session, transmit) {
  const key = `${user} ${session}`;
  if (!all.has(key)) all.set(key, new Uploads(transmit));
  return all.get(key);
}

/**
 * The files of one conversation that are chosen and not stored yet. They go out one at a time, in their order, each with a
 * key that makes its repeat harmless. They do not survive a reload: a page cannot keep a file.
 */
class Uploads {
  /** Some entry is new, different or gone. */
  changed = new Signal();
  /** `{id, file, text, state: 'chosen' | 'ready' | 'sending' | 'failed', share, note}`; `share` is what has been sent, 0 to 1. */
  entries = [];

  #transmit;
  #busy = false;

  /** @param transmit as `Api.upload`, without the session */
  constructor(transmit) {
    this.#transmit = transmit;
  }

  get chosen() {
    return this.entries.some(entry => entry.state === 'chosen');
  }

  add(files) {
    for (const file of files) this.entries.push({ id: newId(), file, text: '', state: 'chosen', share: 0, note: '', going: null });
    this.changed.fire();
  }

  /** Also where it is on its way. */
  remove(id) {
    this.entries.find(entry => entry.id === id)?.going?.abort();
    this.entries = this.entries.filter(entry => entry.id !== id);
    this.changed.fire();
  }

  retry(id) {
    const entry = this.entries.find(entry => entry.id === id);
    if (entry?.state === 'failed') entry.state = 'ready';
    this.#pump();
  }

  /** @param text goes with the first of them */
  send(text) {
    for (const entry of this.entries) {
      if (entry.state !== 'chosen') continue;
      [entry.state, entry.text, text] = ['ready', text, ''];
    }
    this.#pump();
  }

  async #pump() {
    this.changed.fire();
    if (this.#busy) return;
    this.#busy = true;
    for (let entry; (entry = this.entries.find(entry => entry.state === 'ready'));) await this.#put(entry);
    this.#busy = false;
  }

  async #put(entry) {
    Object.assign(entry, { state: 'sending', share: 0, note: '', going: new AbortController() });
    this.changed.fire();
    try {
      await this.#transmit(entry.file, entry.text, entry.id, share => { entry.share = share; this.changed.fire(); }, entry.going.signal);
      this.entries = this.entries.filter(other => other !== entry);
    } catch (error) {
      Object.assign(entry, { state: 'failed', note: error.message });
    }
    this.changed.fire();
  }
}

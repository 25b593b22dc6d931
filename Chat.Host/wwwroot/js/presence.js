import { Signal } from './signal.js';

// The server switches typing off after 6 s; a lost "off" shall not stay longer.
const TYPING_LASTS = 6500;

/** Who belongs to a session, who is there, who types, and how far the others have read. */
export class Presence {
  members = new Map();
  changed = new Signal();
  typed = new Signal();
  /** (user id) the one who has just read on */
  read = new Signal();

  #self;
  #typing = new Map();
  #read = new Map();

  constructor(self) {
    this.#self = self;
  }

  /** @param rows of the members endpoint */
  setMembers(rows) {
    this.members = new Map(rows.map(m => [m.user_id, { ...m }]));
    this.changed.fire();
  }

  nameOf(user) {
    return this.members.get(user)?.name || user;
  }

  get typing() {
    return [...this.#typing.keys()].map(user => this.nameOf(user));
  }

  /** The others who have read up to this seq. */
  readersOf(seq) {
    return [...this.#read].filter(([, upTo]) => upTo >= seq).map(([user]) => this.nameOf(user));
  }

  /** @returns {boolean} whether the frame names somebody who is not in the list yet */
  apply(frame) {
    const user = frame.user_id;
    if (frame.type === 'typing') {
      if (user !== this.#self) this.#setTyping(user, frame.is_typing);
    } else if (frame.type === 'read') {
      if (user === this.#self) return false;
      this.#read.set(user, Math.max(this.#read.get(user) ?? 0, frame.seq));
      this.read.fire(user);
    } else if (frame.event === 'user_joined' || frame.event === 'user_left') {
      const member = this.members.get(user);
      if (!member) return true;
      member.is_online = frame.event === 'user_joined';
      if (!member.is_online) this.#setTyping(user, false);
      this.changed.fire();
    }
    return false;
  }

  /** Somebody's message has come: what was typed is here. */
  stopTyping(user) {
    this.#setTyping(user, false);
  }

  close() {
    for (const timer of this.#typing.values()) clearTimeout(timer);
  }

  #setTyping(user, on) {
    const had = this.#typing.get(user);
    clearTimeout(had);
    if (on) this.#typing.set(user, setTimeout(() => this.#setTyping(user, false), TYPING_LASTS));
    else this.#typing.delete(user);
    if (Boolean(had) !== Boolean(on)) this.typed.fire();
  }
}

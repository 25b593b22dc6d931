import { Signal } from './signal.js';
import { Message } from './message.js';

const PASSING = new Set(['typing', 'read', 'ack', 'error', 'pong', 'system']);

/**
 * The messages of one session, fed by pages of history and by frames. Every frame may come twice and every page may
 * overlap with the frames: what is known already changes nothing.
 *
 * The cursor is the seq up to which nothing is missing. It follows the frames of a replay, which come in order; of the
 * live ones it takes those whose `prev` it has reached. One that is ahead of it shows a hole, which `hole` asks to have filled.
 */
export class Transcript {
  /** In order of their place. */
  messages = [];
  cursor = 0;
  hasOlder = false;

  /** (message) is new or different. */
  changed = new Signal();
  /** (cursor) frames after it are missing. */
  hole = new Signal();
  /** (message id) of an answer whose beginning is missing and will not come by itself. */
  torn = new Signal();

  #byId = new Map();
  // 'replay' until the server has told all that the cursor lacked, 'sync' while a hole is filled, else 'live'.
  #mode = 'replay';
  #head = 0;
  #ahead = [];

  get(id) {
    return this.#byId.get(id);
  }

  /** The newest message that is whole; what a read marker may name. */
  get lastSeq() {
    return this.messages.findLast(m => m.status !== 'streaming')?.seq ?? 0;
  }

  get oldestSeq() {
    return this.messages.find(m => m.seq)?.seq ?? 0;
  }

  get streaming() {
    return this.messages.findLast(m => m.status === 'streaming');
  }

  /** @param page an answer of the history endpoint */
  addPage(page) {
    for (const row of page.messages) this.#put(row, row.created_at);
  }

  /** @param ack of an own message that was shown before it was stored, under `key` */
  addOwn(key, frame) {
    if (this.#byId.has(frame.message_id)) return;
    const taken = this.messages.some(m => m.key === key);
    this.#put({ ...frame, key: taken ? frame.message_id : key }, frame.timestamp);
  }

  apply(frame) {
    if (frame.type === 'system') this.#system(frame);
    if (frame.seq && (!PASSING.has(frame.type) || frame.prev !== undefined)) this.#advance(frame);
    switch (frame.type) {
      case 'message': this.#posted(frame); break;
      case 'stream_start': this.#put({ ...frame, message_type: 'stream', status: 'streaming' }, frame.timestamp); break;
      case 'stream_chunk': this.#chunk(frame); break;
      case 'stream_end': this.#end(frame); break;
      case 'message_edited': this.#change(frame, m => m.edit(frame)); break;
      case 'message_deleted': this.#change(frame, m => m.erase()); break;
      case 'reaction': this.#change(frame, m => m.react(frame)); break;
    }
  }

  /** The message as an endpoint has just answered it. */
  replace(row) {
    if (row?.message_id && this.#byId.has(row.message_id)) this.#put(row, row.created_at);
  }

  #system(frame) {
    if (frame.event === 'connected') {
      this.#ahead = [];
      this.#head = frame.seq;
      this.#mode = frame.seq > this.cursor ? 'replay' : 'live';
    } else if (frame.event === 'synced') {
      this.#settle(frame.seq);
    }
  }

  #advance({ seq, prev }) {
    if (seq <= this.cursor) return;
    if (this.#mode === 'sync') {
      this.#ahead.push({ seq, prev });
    } else if (this.#mode === 'live' && prev > this.cursor) {
      this.#mode = 'sync';
      this.#ahead = [{ seq, prev }];
      this.hole.fire(this.cursor);
    } else {
      this.cursor = seq;
      if (this.#mode === 'replay' && seq >= this.#head) this.#mode = 'live';
    }
  }

  /** A replay is over. Live frames may have come in between; those that do not join it show another hole. */
  #settle(seq) {
    this.cursor = Math.max(this.cursor, seq ?? 0);
    this.#mode = 'live';
    const ahead = this.#ahead.sort((a, b) => a.seq - b.seq);
    this.#ahead = [];
    for (const frame of ahead) this.#advance(frame);
    for (const message of this.messages) this.#checkWhole(message);
  }

  /** A post that is known already is not read again: it tells the first text, which may have been edited since. */
  #posted(frame) {
    const known = this.#byId.get(frame.message_id);
    if (!known || known.status === 'streaming') this.#put(frame, frame.timestamp);
  }

  #put(row, at) {
    const known = this.#byId.get(row.message_id);
    if (known) {
      if (known.merge(row)) this.changed.fire(known);
      return known;
    }
    const message = new Message(row, at);
    this.#byId.set(message.id, message);
    let place = this.messages.length;
    while (place > 0 && this.messages[place - 1].order > message.order) place--;
    this.messages.splice(place, 0, message);
    this.changed.fire(message);
    return message;
  }

  #chunk(frame) {
    const message = this.#byId.get(frame.message_id)
      ?? this.#put({ sender_type: 'agent', ...frame, content: null, message_type: 'stream', status: 'streaming' }, frame.timestamp);
    if (!message.append(frame)) return;
    this.#checkWhole(message);
    this.changed.fire(message);
  }

  #end(frame) {
    const message = this.#byId.get(frame.message_id);
    if (!message) {
      this.torn.fire(frame.message_id);
      return;
    }
    if (message.end(frame)) this.changed.fire(message);
    this.#checkWhole(message);
  }

  #change(frame, change) {
    const message = this.#byId.get(frame.message_id);
    if (message && change(message)) this.changed.fire(message);
  }

  #checkWhole(message) {
    if (this.#mode === 'live' && message.torn) this.torn.fire(message.id);
  }
}

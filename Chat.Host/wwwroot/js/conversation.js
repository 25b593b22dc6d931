import { Outbox } from './outbox.js';
import { Presence } from './presence.js';
import { SessionSocket } from './socket.js';
import { Signal } from './signal.js';
import { Transcript } from './transcript.js';
import { uploadsOf } from './uploads.js';

const PAGE = 50;
// Reads go out at most this often; a fast conversation needs no more.
const READ_EVERY = 1000;
// A hole that is not filled by then is left to a new connection.
const SYNC_WITHIN = 10_000;
// A message that is searched for or quoted is loaded back to by pages of this many, so often at most: all of them are drawn.
const LARGE_PAGE = 200;
const MOST_PAGES_BACK = 20;

/** One open session: its messages, its people, its connection and what waits to be sent. */
export class Conversation {
  session = null;
  /** `session` is different. */
  changed = new Signal();
  /** (text) something went wrong that the user should see. */
  failed = new Signal();
  /** Something happened that a session list shows. */
  stirred = new Signal();
  /** The next read marker may go out. */
  readDue = new Signal();
  /** The log behind this is another one: everything must be opened anew. */
  reset = new Signal();

  #api; #identity;
  #seen = 0;
  #lastRead = 0;
  #readTimer = 0;
  #syncTimer = 0;
  #mending = new Set();
  #closed = false;

  constructor(id, api, identity) {
    this.id = id;
    this.#api = api;
    this.#identity = identity;
    this.transcript = new Transcript();
    this.presence = new Presence(identity.userId);
    this.socket = new SessionSocket(id, api, identity, () => this.transcript.cursor);
    this.outbox = new Outbox(identity.userId, id, frame => this.socket.send(frame));
    this.uploads = uploadsOf(identity.userId, id, (...upload) => api.upload(id, ...upload));
    this.socket.frame.listen(frame => this.#receive(frame));
    this.socket.changed.listen(state => {
      if (state.name === 'connected') this.outbox.restart();
      if (state.name === 'connected') this.#loadMembers();
    });
    this.transcript.hole.listen(cursor => this.#fill(cursor));
    this.transcript.torn.listen(id => this.#mend(id));
  }

  get userId() {
    return this.#identity.userId;
  }

  get archived() {
    return this.session?.status === 'archived';
  }

  isOwn(message) {
    return message.senderType === 'user' && message.senderId === this.userId;
  }

  nameOf(message) {
    if (message.senderName) return message.senderName;
    if (message.senderType !== 'agent') return this.presence.nameOf(message.senderId);
    const agent = this.session?.agent;
    return (agent && (!message.senderId || String(agent.id) === message.senderId) && agent.name) || `Agent ${message.senderId}`.trim();
  }

  /**
   * Reads the newest page and connects. The session is read first: a run that it lists as open may end until the page is
   * read, which the cursor before the run's start covers; the other way round its beginning could be missed.
   */
  async open() {
    this.session = await this.#api.session(this.id);
    const page = await this.#api.messages(this.id, { limit: PAGE });
    if (this.#closed) return;
    this.transcript.addPage(page);
    this.transcript.hasOlder = page.has_more;
    const newest = page.messages.reduce((most, m) => Math.max(most, m.seq ?? 0), 0);
    const runs = (this.session.open_runs ?? []).map(run => run.start_seq - 1);
    this.transcript.cursor = Math.min(newest, ...runs);
    this.changed.fire();
    this.socket.connect();
  }

  close() {
    this.#closed = true;
    // What was seen within the last moment has not been told yet.
    this.#tellRead();
    clearTimeout(this.#readTimer);
    clearTimeout(this.#syncTimer);
    this.presence.close();
    this.outbox.close();
    this.socket.close();
  }

  /** @returns {Promise<boolean>} whether there was more */
  async loadOlder(limit = PAGE) {
    if (!this.transcript.hasOlder) return false;
    const page = await this.#api.messages(this.id, { limit, before: this.transcript.oldestSeq });
    this.transcript.addPage(page);
    this.transcript.hasOlder = page.has_more && page.messages.length > 0;
    return true;
  }

  /** Loads the history back to a message. */
  async reach(messageId) {
    for (let i = 0; i < MOST_PAGES_BACK && !this.transcript.get(messageId); i++) {
      if (!await this.#attempt(() => this.loadOlder(LARGE_PAGE))) break;
    }
    const message = this.transcript.get(messageId);
    if (!message && this.transcript.hasOlder) this.failed.fire('This message is too far back to be shown here.');
    return message;
  }

  say(content, replyTo) {
    this.outbox.add(content, { replyTo });
  }

  type(typing) {
    this.socket.send({ type: 'typing', is_typing: typing });
  }

  /** Stops the running answer, by whichever way is open. */
  stop() {
    const run = this.transcript.streaming;
    if (!run) return false;
    if (!this.socket.send({ type: 'stop', message_id: run.id })) this.#attempt(() => this.#api.stopStream(this.id, run.id));
    return true;
  }

  /** Everything that is here has been seen. */
  markRead() {
    this.#seen = this.transcript.lastSeq;
    if (this.#readTimer || !this.#tellRead()) return;
    this.#readTimer = setTimeout(() => {
      this.#readTimer = 0;
      this.readDue.fire();
    }, READ_EVERY);
  }

  /** @returns {boolean} whether there was something to tell, and a connection to tell it */
  #tellRead() {
    const seq = this.#seen;
    if (seq <= this.#lastRead || !this.socket.send({ type: 'read', seq })) return false;
    this.#lastRead = seq;
    this.stirred.fire({ read: true });
    return true;
  }

  edit(message, content) {
    return this.#attempt(async () => this.transcript.replace(await this.#api.editMessage(this.id, message.id, content)));
  }

  remove(message) {
    return this.#attempt(async () => {
      await this.#api.deleteMessage(this.id, message.id);
      if (message.erase()) this.transcript.changed.fire(message);
    });
  }

  toggleReaction(message, emoji) {
    const own = message.reactions.get(emoji)?.users.has(this.userId);
    return this.#attempt(async () => {
      await (own ? this.#api.unreact(this.id, message.id, emoji) : this.#api.react(this.id, message.id, emoji));
      if (message.react({ emoji, user_id: this.userId, removed: own })) this.transcript.changed.fire(message);
    });
  }

  /** @returns {Promise<Blob>} */
  picture(path) {
    return this.#api.blob(path);
  }

  /** @returns {Promise<URL | undefined>} good for one download */
  download(path) {
    return this.#attempt(() => this.#api.download(path));
  }

  rename(title) {
    return this.#attempt(async () => this.#become(await this.#api.patchSession(this.id, { title }), { title }));
  }

  archive() {
    return this.#attempt(async () => { await this.#api.archiveSession(this.id); this.#become({ status: 'archived' }); });
  }

  restore() {
    return this.#attempt(async () => this.#become(await this.#api.patchSession(this.id, { status: 'active' }), { status: 'active' }));
  }

  #receive(frame) {
    switch (frame.type) {
      case 'ack': this.#acknowledged(frame); return;
      case 'error': this.#refused(frame); return;
      case 'message': this.#claim(frame); break;
      case 'system': this.#system(frame); break;
    }
    this.transcript.apply(frame);
    if (this.presence.apply(frame)) this.#loadMembers();
    if (['message', 'stream_end', 'message_edited', 'message_deleted'].includes(frame.type)) this.stirred.fire({});
  }

  /** An own message may be told before its ack: it then takes the place of the row that waits for it. */
  #claim(frame) {
    this.presence.stopTyping(frame.sender_id);
    const { flying } = this.outbox;
    const own = frame.sender_type !== 'agent' && frame.sender_id === this.userId;
    if (own && flying && (frame.client_message_id ? frame.client_message_id === flying.id : frame.content === flying.content)) {
      frame.key = flying.id;
    }
  }

  #system(frame) {
    if (frame.event === 'synced') clearTimeout(this.#syncTimer);
    else if (frame.event === 'reset') this.reset.fire();
    else if (frame.event === 'session_archived') this.#become({ status: 'archived' });
    else if (frame.event === 'session_restored') this.#become({ status: 'active' });
    else if (frame.event === 'title_changed') this.#become({ title: frame.title ?? this.session.title });
  }

  #acknowledged(frame) {
    const entry = this.outbox.acknowledge(frame.client_message_id);
    if (!entry) return;
    this.transcript.addOwn(entry.id, {
      ...frame, sender_type: 'user', sender_id: this.userId, message_type: 'text', content: entry.content, reply_to: entry.replyTo,
    });
    this.stirred.fire({});
  }

  #refused(frame) {
    if (!this.outbox.refuse(frame.client_message_id, frame.message, frame.retry_after)) this.failed.fire(frame.message);
  }

  #fill(cursor) {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = setTimeout(() => this.socket.restart(), SYNC_WITHIN);
    this.socket.send({ type: 'sync', since: cursor });
  }

  /** Brings an answer whose beginning was missed: from its start while it runs, from the history where it has ended. */
  async #mend(messageId) {
    if (this.#mending.has(messageId)) return;
    this.#mending.add(messageId);
    await this.#attempt(async () => {
      const session = await this.#api.session(this.id);
      const run = session.open_runs?.find(r => r.message_id === messageId);
      if (run) this.#fill(run.start_seq - 1);
      else this.transcript.addPage(await this.#api.messages(this.id, { limit: PAGE }));
    });
    this.#mending.delete(messageId);
  }

  async #loadMembers() {
    try {
      this.presence.setMembers((await this.#api.members(this.id)).members);
    } catch {
      // Names and dots are missing until the next one comes or goes; nothing else is.
    }
  }

  #become(...fields) {
    Object.assign(this.session, ...fields);
    this.changed.fire();
    this.stirred.fire({});
  }

  async #attempt(action) {
    try {
      return await action();
    } catch (error) {
      this.failed.fire(error.message);
      return undefined;
    }
  }
}

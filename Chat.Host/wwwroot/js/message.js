/** One message as it is known so far. An answer that is still running grows by `append`, in the order of its chunks. */
export class Message {
  reactions = new Map();
  #parts = [];
  #next = 0;
  #last = -1;

  /** @param row of the history, or a frame; both name the fields alike, except for the time */
  constructor(row, at) {
    this.id = row.message_id;
    /** What the page knows the row by: an own message was shown before it had an id. */
    this.key = row.key ?? row.client_message_id ?? row.message_id;
    /** Where it stands. An answer keeps the place of its start while the page is open. */
    this.order = row.seq;
    this.at = at;
    this.senderType = row.sender_type ?? 'user';
    this.senderId = row.sender_id == null ? '' : String(row.sender_id);
    this.merge(row);
    if (this.status === 'streaming') this.content = '';
  }

  /** @returns {boolean} whether anything is different */
  merge(row) {
    // A replay from before an answer's end tells its start again.
    if (row.status === 'streaming' && this.status && this.status !== 'streaming') return false;
    const running = row.status === 'streaming';
    this.seq = Math.max(this.seq ?? 0, row.seq ?? 0);
    this.senderType = row.sender_type ?? this.senderType;
    this.senderId = row.sender_id == null ? this.senderId : String(row.sender_id);
    this.senderName = row.sender_name ?? this.senderName;
    this.type = row.message_type ?? this.type ?? 'text';
    this.metadata = row.metadata ?? this.metadata ?? {};
    this.file = row.file ?? this.file;
    this.replyTo = row.reply_to ?? this.replyTo;
    if (row.edited_at && this.editedAt > row.edited_at) return true;
    this.editedAt = row.edited_at ?? this.editedAt;
    this.edited = row.is_edited ?? this.edited ?? false;
    this.deleted = row.deleted ?? (row.content === null && !running);
    if (running) {
      this.status = 'streaming';
    } else {
      this.content = row.content ?? '';
      this.#parts = [];
      this.#measure(row);
      this.status = row.status ?? this.metadata.status ?? (this.type === 'stream' ? 'complete' : 'sent');
    }
    if (row.reactions) {
      this.reactions = new Map(row.reactions.map(r => [r.emoji, { count: r.count, users: new Set(r.users) }]));
    }
    return true;
  }

  /** @returns {boolean} whether it was a new part */
  append({ index, content }) {
    index ??= this.#next;
    if (this.status !== 'streaming' || index < this.#next || this.#parts[index] !== undefined) return false;
    this.#parts[index] = content;
    this.#last = Math.max(this.#last, index);
    while (this.#parts[this.#next] !== undefined) this.content += this.#parts[this.#next++];
    return true;
  }

  end(frame) {
    if (this.status !== 'streaming') return false;
    this.seq = frame.seq ?? this.seq;
    this.#measure(frame);
    this.status = frame.status ?? 'complete';
    return true;
  }

  /** Some chunk is there and one before it is not. */
  get torn() {
    return this.#parts.length > 0 && this.#last >= this.#next;
  }

  edit({ content, edited_at: at }) {
    if (this.deleted || (this.editedAt && at < this.editedAt)) return false;
    this.content = content;
    this.edited = true;
    this.editedAt = at;
    return true;
  }

  erase() {
    if (this.deleted) return false;
    this.deleted = true;
    this.content = '';
    this.reactions.clear();
    return true;
  }

  react({ emoji, user_id: user, removed }) {
    const entry = this.reactions.get(emoji) ?? { count: 0, users: new Set() };
    if (entry.users.has(user) !== Boolean(removed)) return false;
    if (removed) entry.users.delete(user);
    else entry.users.add(user);
    entry.count += removed ? -1 : 1;
    if (entry.count > 0) this.reactions.set(emoji, entry);
    else this.reactions.delete(emoji);
    return true;
  }

  #measure(row) {
    this.tokens = row.tokens_used ?? this.metadata.tokens_used ?? this.tokens;
    this.latency = row.latency_ms ?? this.metadata.latency_ms ?? this.latency;
  }
}

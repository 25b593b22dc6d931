import { announce, h, icon, setText } from './dom.js';
import * as format from './format.js';
import { MessageBar, MessageView } from './view-message.js';
import { confirm, showPicture } from './view-dialogs.js';

// Nearer to the end than this counts as reading along.
const NEAR_END = 60;
const NEAR_START = 200;
// A long answer is drawn again only after this many times the time its last drawing took.
const REST = 4;
const canHover = matchMedia('(hover: hover)');

/** The rows of a conversation, oldest first, drawn at most once a frame. */
export class MessagesView {
  #conversation;
  #rows = new Map();
  #dirty = new Set();
  #frame = 0;
  #following = true;
  #loading = false;
  #restUntil = 0;
  #seenRow = null;
  #unlisten;

  /** @param {{onReply, onEdit}} actions */
  constructor(conversation, { onReply, onEdit }) {
    this.#conversation = conversation;
    this.older = h('button', { type: 'button', class: 'link older', text: 'Show older messages', hidden: true, on: { click: () => this.#loadOlder() } });
    this.list = h('ol', { class: 'messages', 'aria-label': 'Messages' });
    this.scroller = h('div', { class: 'scroller', tabindex: 0, role: 'log', 'aria-live': 'off', 'aria-label': 'Messages', data: { testid: 'messages' } }, this.older, this.list);
    this.newer = h('button', { type: 'button', class: 'to-end', hidden: true, 'aria-label': 'Go to the newest message', on: { click: () => this.toEnd() } }, icon('down'));
    this.element = h('div', { class: 'messages-frame' }, this.scroller, this.newer);
    this.bar = new MessageBar({
      onReply, onEdit,
      onCopy: message => copy(message.content),
      onReact: (message, emoji) => conversation.toggleReaction(message, emoji),
      onDelete: async message => {
        if (await confirm('Delete this message?', 'It goes for everybody in the conversation.', 'Delete')) conversation.remove(message);
      },
    }, conversation);
    this.#listen();
    const { transcript, outbox, presence, readDue, changed } = conversation;
    this.#unlisten = [
      transcript.changed.listen(message => { this.#touch(message.key); this.#tell(message); }),
      outbox.changed.listen(entry => { this.#touch(entry.id); if (!entry.failed) this.#following = true; }),
      presence.changed.listen(() => this.#touchAll()),
      presence.read.listen(() => this.#touchSeen()),
      readDue.listen(() => this.#read()),
      changed.listen(() => this.#touchAll()),
    ];
    this.#touchAll();
  }

  close() {
    cancelAnimationFrame(this.#frame);
    this.#unlisten.forEach(off => off());
    document.removeEventListener('visibilitychange', this.#read);
    this.#resizes.disconnect();
  }

  toEnd() {
    this.#following = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Scrolls to a message and shows which it is. */
  async reveal(id) {
    const message = await this.#conversation.reach(id);
    if (!message) return;
    this.#flush();
    const row = this.#rows.get(message.key);
    this.#following = false;
    row.element.scrollIntoView({ block: 'center' });
    row.element.focus({ preventScroll: true });
    row.element.classList.add('found');
    setTimeout(() => row.element.classList.remove('found'), 2000);
  }

  #resizes = new ResizeObserver(() => { if (this.#following) this.toEnd(); });

  #listen() {
    const { scroller, list } = this;
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    document.addEventListener('visibilitychange', this.#read);
    this.#resizes.observe(scroller);
    const attach = event => {
      const row = event.target.closest('.message');
      if (row) this.bar.attach(row.view);
    };
    // Under a still pointer the rows move too; the bar then stays with the row that the keys are in.
    list.addEventListener('pointerover', event => canHover.matches && !list.querySelector('.message:is(:focus-visible, :has(:focus-visible))') && attach(event));
    list.addEventListener('focusin', attach);
    list.addEventListener('click', event => this.#clicked(event));
    scroller.addEventListener('keydown', event => this.#key(event));
  }

  async #clicked(event) {
    const target = event.target.closest('button, a');
    const view = event.target.closest('.message')?.view;
    if (!target || !view) return;
    const { outbox, react, quoted, download, picture } = target.dataset;
    if (target.classList.contains('copy-code')) {
      await copy(target.closest('.code').querySelector('pre').textContent);
      target.textContent = 'Copied';
      setTimeout(() => { target.textContent = 'Copy'; }, 1500);
    } else if (outbox) {
      this.#conversation.outbox[outbox](view.key);
    } else if (react) {
      this.#conversation.toggleReaction(view.message, react);
    } else if (picture) {
      showPicture(view.message.file.name, this.#conversation.picture(picture), () => this.#download(picture));
    } else if (download) {
      this.#download(download);
    } else if (quoted) {
      event.preventDefault();
      this.reveal(quoted);
    }
  }

  async #download(path) {
    const url = await this.#conversation.download(path);
    if (url) h('a', { href: url, download: '', rel: 'noopener' }).click();
  }

  /** The arrows go from message to message; Tab then leads into the one that has the focus. */
  #key(event) {
    if (!['ArrowUp', 'ArrowDown'].includes(event.key) || event.target.closest('pre, input')) return;
    const row = document.activeElement.closest('.message');
    const next = !row ? this.list.lastElementChild : event.key === 'ArrowUp' ? row.previousElementSibling : row.nextElementSibling;
    event.preventDefault();
    next?.focus();
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#following = scrollHeight - scrollTop - clientHeight < NEAR_END;
    this.newer.hidden = this.#following;
    if (scrollTop < NEAR_START) this.#loadOlder();
    this.#read();
  }

  #read = () => {
    if (this.#following && document.visibilityState === 'visible') this.#conversation.markRead();
  };

  async #loadOlder() {
    if (this.#loading || !this.#conversation.transcript.hasOlder) return;
    this.#loading = true;
    this.older.textContent = 'Loading…';
    try {
      await this.#conversation.loadOlder();
    } catch (error) {
      this.#conversation.failed.fire(error.message);
    }
    this.#flush();
    this.older.textContent = 'Show older messages';
    this.#loading = false;
  }

  #touch(key) {
    this.#dirty.add(key);
    this.#frame ||= requestAnimationFrame(() => this.#flush());
  }

  #touchAll() {
    for (const message of this.#conversation.transcript.messages) this.#touch(message.key);
    for (const entry of this.#conversation.outbox.entries) this.#touch(entry.id);
  }

  #flush() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const anchor = this.#following ? null : this.#anchor();
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    const items = this.#items(new Set(dirty));
    for (const key of dirty) this.#drawRow(key, items.get(key));
    for (const key of dirty) {
      const row = this.#rows.get(key)?.element;
      row?.view.join(row.previousElementSibling);
      row?.nextElementSibling?.view.join(row);
    }
    this.older.hidden = !this.#conversation.transcript.hasOlder;
    if (this.#following) this.toEnd();
    else if (anchor) this.scroller.scrollTop += anchor.row.offsetTop - anchor.top;
    this.#touchSeen();
    this.#read();
  }

  #drawRow(key, item) {
    let row = this.#rows.get(key);
    if (!item) {
      const next = row?.element.nextElementSibling;
      row?.element.remove();
      this.#rows.delete(key);
      next?.view.join(next.previousElementSibling);
      return;
    }
    if (row && item.status === 'streaming' && performance.now() < this.#restUntil) {
      this.#touch(key);
      return;
    }
    if (!row) this.#rows.set(key, row = new MessageView(this.#conversation, key));
    const took = row.update(item);
    if (item.status === 'streaming') this.#restUntil = performance.now() + took * REST;
    this.#place(row, item.order);
  }

  #place(row, order) {
    if (row.order === order && row.element.isConnected) return;
    row.order = order;
    let before = this.list.lastElementChild;
    while (before && (before === row.element || before.view.order > order)) before = before.previousElementSibling;
    const next = before ? before.nextElementSibling : this.list.firstElementChild;
    if (next !== row.element) this.list.insertBefore(row.element, next);
  }

  /** What the keys stand for: messages, and what waits to be sent in a message's form, behind them all. */
  #items(keys) {
    const items = new Map();
    for (const message of this.#conversation.transcript.messages) if (keys.has(message.key)) items.set(message.key, message);
    this.#conversation.outbox.entries.forEach((entry, place) => {
      if (items.has(entry.id)) return;
      items.set(entry.id, {
        pending: true, id: null, key: entry.id, order: Number.MAX_SAFE_INTEGER - 100_000 + place, at: entry.at, content: entry.content,
        replyTo: entry.replyTo, senderType: 'user', senderId: this.#conversation.userId, type: 'text',
        status: entry.failed ? 'failed' : 'sending', note: entry.failed ?? entry.note,
      });
    });
    return items;
  }

  /** The first row in sight, which shall stay where it is when others come above it. */
  #anchor() {
    const top = this.scroller.scrollTop;
    for (const row of this.list.children) if (row.offsetTop + row.offsetHeight > top) return { row, top: row.offsetTop };
    return null;
  }

  /** "Seen by" stands at the newest own message only. */
  #touchSeen() {
    const { transcript, presence } = this.#conversation;
    const newest = transcript.messages.findLast(m => this.#conversation.isOwn(m));
    if (!newest) return;
    const seenBy = presence.readersOf(newest.seq);
    if (this.#seenRow === newest && String(newest.seenBy) === String(seenBy)) return;
    if (this.#seenRow && this.#seenRow !== newest) {
      this.#seenRow.seenBy = [];
      this.#touch(this.#seenRow.key);
    }
    newest.seenBy = seenBy;
    this.#seenRow = newest;
    this.#touch(newest.key);
  }

  /** Reads new messages of others out, an answer once it is whole. */
  #tell(message) {
    if (message.told || message.status === 'streaming') return;
    message.told = true;
    const fresh = Date.now() - new Date(message.at) < 60_000 && this.#conversation.socket.connected;
    if (fresh && !this.#conversation.isOwn(message)) announce(`${this.#conversation.nameOf(message)}: ${message.content.slice(0, 300)}`);
  }
}

/** The clipboard interface exists in secure contexts only. */
async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = h('textarea', { class: 'off-screen' });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

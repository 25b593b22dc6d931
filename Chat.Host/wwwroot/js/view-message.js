import { avatar, h, icon, iconButton, set, setText } from './dom.js';
import * as format from './format.js';
import { render } from './markdown.js';

const GROUPED_WITHIN = 5 * 60_000;
const ENDINGS = { stopped: 'Stopped', interrupted: 'Interrupted', failed: 'Failed' };

/** One row of the conversation: a stored message, an answer that is being written, or one that waits to be sent. */
export class MessageView {
  #conversation;
  #drawn = null;
  #shownFile = null;

  constructor(conversation, key) {
    this.#conversation = conversation;
    this.key = key;
    this.day = h('div', { class: 'day' });
    this.face = h('div', { class: 'face' });
    this.sender = h('span', { class: 'sender' });
    this.time = h('time', {});
    this.quote = h('a', { class: 'quote', href: '#' });
    this.file = h('div', { class: 'file', hidden: true });
    this.body = h('div', { class: 'body', dir: 'auto' });
    this.reactions = h('div', { class: 'reactions' });
    this.meta = h('div', { class: 'meta' });
    this.bubble = h('div', { class: 'bubble' }, this.quote, this.file, this.body);
    this.element = h('li', { class: 'message', tabindex: -1, data: { testid: 'message' } },
      this.day, this.face,
      h('div', { class: 'column' }, h('div', { class: 'byline' }, this.sender, this.time), this.bubble, this.reactions, this.meta));
    this.element.view = this;
  }

  /**
   * @param message a stored one, or an entry of the outbox in its form
   * @returns {number} how long the drawing of the content took, in ms
   */
  update(message) {
    this.message = message;
    const own = this.own = message.pending || this.#conversation.isOwn(message);
    const name = this.#conversation.nameOf(message);
    const { element } = this;
    Object.assign(element.dataset, {
      messageId: message.id ?? '', status: message.status, sender: message.senderId, senderType: message.senderType,
    });
    element.classList.toggle('own', own);
    element.classList.toggle('agent', message.senderType === 'agent');
    element.classList.toggle('streaming', message.status === 'streaming');
    element.classList.toggle('deleted', Boolean(message.deleted));
    set(element, 'aria-busy', message.status === 'streaming' && 'true');
    if (this.sender.textContent !== name) {
      this.sender.textContent = name;
      this.face.replaceChildren(avatar(name));
    }
    setText(this.time, format.time(message.at));
    set(this.time, 'datetime', message.at);
    set(this.time, 'title', format.fullTime(message.at));
    this.#showQuote(message);
    this.#showFile(message);
    const started = performance.now();
    const content = message.deleted ? 'This message was deleted.' : saysOnlyName(message) ? '' : message.content;
    if (this.#drawn !== content) render(this.body, content);
    this.#drawn = content;
    this.body.hidden = !content && message.status !== 'streaming';
    const took = performance.now() - started;
    this.#showReactions(message);
    this.#showMeta(message);
    return took;
  }

  /** Draws what depends on the row before. */
  join(previous) {
    const before = previous?.view?.message;
    const { message } = this;
    const newDay = !before || !format.sameDay(before.at, message.at);
    this.day.hidden = !newDay;
    if (newDay) setText(this.day, format.dayName(message.at));
    this.element.classList.toggle('grouped', !newDay && before.senderId === message.senderId
      && before.senderType === message.senderType && new Date(message.at) - new Date(before.at) < GROUPED_WITHIN);
  }

  #showQuote({ replyTo }) {
    this.quote.hidden = !replyTo;
    if (!replyTo) return;
    const quoted = this.#conversation.transcript.get(replyTo);
    this.quote.dataset.quoted = replyTo;
    this.quote.replaceChildren(
      h('b', { text: quoted ? this.#conversation.nameOf(quoted) : 'Earlier message' }),
      h('span', { text: quoted ? quoted.content.slice(0, 140) || '…' : 'Show it' }));
  }

  #showFile({ file, deleted }) {
    this.file.hidden = !file || Boolean(deleted);
    if (this.file.hidden || this.#shownFile === file.file_id) return;
    this.#shownFile = file.file_id;
    this.file.replaceChildren(h('button', { type: 'button', class: 'file-link', title: 'Download', data: { download: file.url, testid: 'file' } },
      icon('file'), h('span', { class: 'file-name', text: file.name }), h('small', { text: format.size(file.size) })));
    if (file.thumbnail_url) this.#showThumbnail(file);
  }

  async #showThumbnail(file) {
    const button = h('button', { type: 'button', class: 'thumbnail', 'aria-label': `Show ${file.name}`, data: { picture: file.url, testid: 'thumbnail' } });
    this.file.prepend(button);
    try {
      const source = URL.createObjectURL(await this.#conversation.picture(file.thumbnail_url));
      const picture = h('img', { src: source, alt: file.name });
      await picture.decode();
      URL.revokeObjectURL(source);
      button.append(picture);
    } catch {
      // The name is enough to open the picture by.
      button.remove();
    }
  }

  #showReactions(message) {
    this.reactions.replaceChildren(...[...message.reactions ?? []].map(([emoji, { count, users }]) => h('button', {
      type: 'button', class: 'reaction', 'aria-pressed': String(users.has(this.#conversation.userId)),
      'aria-label': `${emoji} ${count}: ${[...users].join(', ')}`, title: [...users].join(', '), data: { react: emoji },
    }, emoji, h('span', { text: count }))));
  }

  #showMeta(message) {
    const parts = [];
    if (message.type === 'question') parts.push('Question');
    if (message.edited && !message.deleted) parts.push('Edited');
    if (message.tokens != null) parts.push(format.tokens(message.tokens));
    if (message.latency != null) parts.push(format.duration(message.latency));
    if (message.seenBy?.length) parts.push(`Seen by ${format.names(message.seenBy)}`);
    const ending = message.senderType === 'agent' && ENDINGS[message.status];
    const children = [];
    if (ending) children.push(h('span', { class: 'ending', text: ending }));
    if (message.status === 'sending') parts.unshift(message.note ?? 'Sending…');
    if (message.status === 'failed' && message.pending) {
      children.push(
        h('span', { class: 'ending', role: 'alert', text: message.note }),
        h('button', { type: 'button', class: 'link', text: 'Retry', data: { outbox: 'retry', testid: 'retry' } }),
        h('button', { type: 'button', class: 'link', text: 'Discard', data: { outbox: 'discard', testid: 'discard' } }));
    }
    if (parts.length) children.push(h('span', { text: parts.join(' · ') }));
    this.meta.replaceChildren(...children);
  }
}

/** Nothing was said with the file: the server gives its name as the content. */
function saysOnlyName({ file, content }) {
  return Boolean(file) && content === file.name;
}

const EMOJI = ['👍', '❤️', '😂', '🎉', '👀'];

/** The actions on a message: one bar for the whole list, that goes to the row in use. */
export class MessageBar {
  /** @param {{onReply, onEdit, onDelete, onCopy, onReact}} actions, each called with the message */
  constructor(actions, conversation) {
    const call = name => () => actions[name](this.message);
    this.#conversation = conversation;
    this.reply = iconButton('reply', 'Reply', call('onReply'), { 'data-testid': 'reply' });
    this.copy = iconButton('copy', 'Copy text', call('onCopy'), { 'data-testid': 'copy' });
    this.edit = iconButton('edit', 'Edit', call('onEdit'), { 'data-testid': 'edit' });
    this.remove = iconButton('trash', 'Delete', call('onDelete'), { 'data-testid': 'delete' });
    this.emoji = EMOJI.map(emoji => h('button', {
      type: 'button', class: 'icon-button emoji', text: emoji, 'aria-label': `React with ${emoji}`,
      on: { click: () => actions.onReact(this.message, emoji) },
    }));
    this.element = h('div', { class: 'bar', role: 'toolbar', 'aria-label': 'Message actions' },
      ...this.emoji, this.reply, this.copy, this.edit, this.remove);
  }

  #conversation;

  attach(view) {
    this.message = view.message;
    const { message } = this;
    const usable = !message.pending && !message.deleted && message.status !== 'streaming';
    if (!usable) {
      this.element.remove();
      return;
    }
    const writable = !this.#conversation.archived;
    for (const button of [...this.emoji, this.reply]) button.hidden = !writable;
    this.edit.hidden = !writable || !view.own || saysOnlyName(message);
    this.remove.hidden = !writable || !view.own;
    if (this.element.parentElement !== view.element) view.element.append(this.element);
  }
}

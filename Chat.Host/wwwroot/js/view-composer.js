import { h, icon, iconButton, setText } from './dom.js';
import { UploadsView } from './view-uploads.js';

// The server's limits: characters of content, and bytes of a frame with room for its other fields.
const MOST_CHARACTERS = 20_000;
const MOST_BYTES = 65_536 - 1024;
const COUNTED_FROM = MOST_CHARACTERS * 0.9;
const TYPING_EVERY = 3000;

// What was begun in other sessions, until the page is left.
const drafts = new Map();

/** Where a message is written, answered, edited. */
export class ComposerView {
  #conversation;
  #target = null; // {kind: 'reply' | 'edit', message}
  #typedAt = 0;
  #idle = 0;
  #unlisten;

  constructor(conversation) {
    this.#conversation = conversation;
    this.text = h('textarea', {
      rows: 1, placeholder: 'Message', 'aria-label': 'Message', enterkeyhint: 'send', dir: 'auto', 'data-testid': 'composer',
      on: { input: () => this.#typed(), keydown: event => this.#key(event), paste: event => this.#pasted(event) },
    });
    this.text.value = drafts.get(conversation.id) ?? '';
    this.picker = h('input', { type: 'file', multiple: true, hidden: true, 'data-testid': 'file-picker', on: { change: () => this.#picked() } });
    this.uploads = new UploadsView(conversation.uploads);
    this.send = h('button', { class: 'send', 'aria-label': 'Send', title: 'Send (Enter)', data: { testid: 'send' } }, icon('send'));
    this.stop = h('button', {
      type: 'button', class: 'send stop', 'aria-label': 'Stop the answer', title: 'Stop (Esc)', hidden: true, data: { testid: 'stop' },
      on: { click: () => conversation.stop() },
    }, icon('stop'));
    this.targetText = h('span', {});
    this.target = h('div', { class: 'target', hidden: true }, this.targetText, iconButton('close', 'Cancel', () => this.#aim(null)));
    this.problem = h('p', { class: 'problem', role: 'alert' });
    this.form = h('form', { class: 'composer', 'aria-label': 'Write a message', on: { submit: event => this.#submit(event) } },
      this.target, this.uploads.element,
      h('div', { class: 'composer-box' },
        iconButton('attach', 'Attach files', () => this.picker.click(), { 'data-testid': 'attach' }), this.picker,
        this.text, this.stop, this.send),
      this.problem);
    this.restore = h('button', { type: 'button', text: 'Restore', on: { click: () => conversation.restore() }, data: { testid: 'restore' } });
    this.archived = h('div', { class: 'archived', hidden: true }, h('span', { text: 'This conversation is archived.' }), this.restore);
    this.element = h('div', { class: 'composer-frame' }, this.form, this.archived);
    this.#unlisten = [
      conversation.transcript.changed.listen(() => this.#showStop()),
      conversation.changed.listen(() => this.#showArchived()),
    ];
    this.#showStop();
    this.#showArchived();
    this.#fit();
  }

  close() {
    this.#unlisten.forEach(off => off());
    this.uploads.close();
    this.#stopTyping();
    if (this.text.value && this.#target?.kind !== 'edit') drafts.set(this.#conversation.id, this.text.value);
    else drafts.delete(this.#conversation.id);
  }

  /** @param {Iterable<File>} files wait for Send, like the text */
  attach(files) {
    if (this.form.hidden) return;
    this.#conversation.uploads.add(files);
    this.focus();
  }

  focus() {
    if (!this.form.hidden) this.text.focus();
  }

  replyTo(message) {
    this.#aim({ kind: 'reply', message });
  }

  edit(message) {
    this.#aim({ kind: 'edit', message });
  }

  /** @returns {boolean} whether there was something to leave */
  escape() {
    if (!this.#target) return false;
    this.#aim(null);
    return true;
  }

  #aim(target) {
    const left = this.#target;
    this.#target = target;
    this.target.hidden = !target;
    if (target) {
      const what = target.kind === 'edit' ? 'Editing your message' : `Replying to ${this.#conversation.nameOf(target.message)}`;
      setText(this.targetText, `${what}: ${target.message.content.slice(0, 80)}`);
    }
    if (target?.kind === 'edit') this.text.value = target.message.content;
    else if (left?.kind === 'edit') this.text.value = '';
    this.#fit();
    this.focus();
  }

  #submit(event) {
    event?.preventDefault();
    const content = this.text.value.trim();
    const target = this.#target;
    const { uploads } = this.#conversation;
    const withFiles = uploads.chosen && target?.kind !== 'edit';
    if (!content && !withFiles) return;
    this.problem.textContent = this.#refusal(content);
    if (this.problem.textContent) return;
    if (target?.kind === 'edit') {
      this.#conversation.edit(target.message, content);
    } else {
      // A file answers no message: what answers one goes before the files, by itself.
      if (content && (target || !withFiles)) this.#conversation.say(content, target?.message.id);
      if (withFiles) uploads.send(target ? '' : content);
    }
    this.#aim(null);
    this.text.value = '';
    this.#fit();
    this.#stopTyping();
  }

  #refusal(content) {
    if ([...content].length > MOST_CHARACTERS) return `A message has at most ${MOST_CHARACTERS} characters.`;
    if (new TextEncoder().encode(JSON.stringify(content)).length > MOST_BYTES) return 'This message is too long. Send it in parts.';
    return '';
  }

  #key(event) {
    // Enter that ends the composition of a syllable is not meant for the message. Safari tells it by the code only.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #typed() {
    this.#fit();
    const length = this.text.value.length;
    this.problem.textContent = length > COUNTED_FROM ? `${length} of ${MOST_CHARACTERS} characters` : '';
    if (this.#target?.kind === 'edit' || !this.text.value) return;
    if (Date.now() - this.#typedAt >= TYPING_EVERY) {
      this.#typedAt = Date.now();
      this.#conversation.type(true);
    }
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#stopTyping(), TYPING_EVERY);
  }

  #stopTyping() {
    clearTimeout(this.#idle);
    if (!this.#typedAt) return;
    this.#typedAt = 0;
    this.#conversation.type(false);
  }

  #picked() {
    this.attach(this.picker.files);
    this.picker.value = '';
  }

  #pasted(event) {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    this.attach(event.clipboardData.files);
  }

  #fit() {
    this.text.style.height = 'auto';
    this.text.style.height = `${this.text.scrollHeight}px`;
  }

  #showStop() {
    this.stop.hidden = !this.#conversation.transcript.streaming;
  }

  #showArchived() {
    this.form.hidden = this.#conversation.archived;
    this.archived.hidden = !this.#conversation.archived;
  }
}

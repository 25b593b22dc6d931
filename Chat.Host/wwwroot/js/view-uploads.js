import { h, icon, iconButton, set, setText } from './dom.js';
import * as format from './format.js';

const fileIcon = () => h('span', { class: 'upload-icon' }, icon('file'));

/** The files that are to be sent: what they are, how far they have come, what went wrong. */
export class UploadsView {
  #uploads;
  #rows = new Map();
  #unlisten;

  constructor(uploads) {
    this.#uploads = uploads;
    this.element = h('ul', { class: 'uploads', 'aria-label': 'Files to send', data: { testid: 'uploads' } });
    this.#unlisten = uploads.changed.listen(() => this.#draw());
    this.#draw();
  }

  close() {
    this.#unlisten();
    for (const row of this.#rows.values()) row.forget();
  }

  #draw() {
    const { entries } = this.#uploads;
    this.element.hidden = !entries.length;
    for (const [id, row] of this.#rows) {
      if (entries.some(entry => entry.id === id)) continue;
      row.forget();
      this.#rows.delete(id);
    }
    for (const entry of entries) {
      if (!this.#rows.has(entry.id)) this.#rows.set(entry.id, this.#makeRow(entry));
      this.#rows.get(entry.id).show(entry);
    }
  }

  #makeRow({ id, file }) {
    // The browser draws it from the disk: nothing of it has been sent yet.
    const source = file.type.startsWith('image/') && URL.createObjectURL(file);
    const note = h('small', { text: format.size(file.size) });
    const bar = h('progress', { max: 1, 'aria-label': `Sending ${file.name}` });
    const again = h('button', { type: 'button', class: 'link', text: 'Retry', on: { click: () => this.#uploads.retry(id) }, data: { testid: 'upload-retry' } });
    const row = h('li', { class: 'upload', data: { testid: 'upload' } },
      source ? h('img', { src: source, alt: '', on: { error: event => event.target.replaceWith(fileIcon()) } }) : fileIcon(),
      h('span', { class: 'upload-text' }, h('b', { text: file.name }), note, bar),
      again,
      iconButton('close', `Remove ${file.name}`, () => this.#uploads.remove(id), { 'data-testid': 'upload-remove' }));
    this.element.append(row);
    return {
      show({ state, share, note: text }) {
        row.dataset.state = state;
        bar.hidden = state !== 'sending';
        // All bytes are there, and the answer is not: how long that takes nobody knows.
        if (share < 1) bar.value = share;
        else bar.removeAttribute('value');
        again.hidden = state !== 'failed';
        setText(note, text || format.size(file.size));
        set(note, 'role', state === 'failed' && 'alert');
      },
      forget() {
        row.remove();
        if (source) URL.revokeObjectURL(source);
      },
    };
  }
}

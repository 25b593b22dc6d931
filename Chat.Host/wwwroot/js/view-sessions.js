import { avatar, h, icon, iconButton, set, setText } from './dom.js';
import { moment, preview } from './format.js';
import { SearchView } from './view-search.js';

const THEME_LABELS = { auto: 'Theme: as the system', light: 'Theme: light', dark: 'Theme: dark' };

/** The sessions, a filter over them, and the user's own corner. */
export class SessionsView {
  #list;
  #rows = new Map();
  #current = null;

  /** @param {{onNew: () => void, onSignOut: () => void}} actions */
  constructor(list, identity, api, { onNew, onSignOut }) {
    this.#list = list;
    this.filter = h('input', {
      type: 'search', placeholder: 'Search', 'aria-label': 'Search conversations and messages', maxlength: 100, 'data-testid': 'session-filter',
      on: { input: () => this.#filtered(), keydown: event => this.#filterKey(event) },
    });
    this.hint = h('kbd', { text: 'Ctrl K', 'aria-hidden': 'true' });
    this.items = h('ul', { class: 'sessions', 'aria-label': 'Conversations', data: { testid: 'session-list' }, on: { keydown: event => this.#listKey(event) } });
    this.note = h('p', { class: 'note', role: 'status' });
    this.more = h('button', { type: 'button', class: 'link', text: 'Show more', hidden: true, on: { click: () => list.loadMore() } });
    this.search = new SearchView(api);
    this.archived = h('button', {
      type: 'button', class: 'link', text: 'Archived', 'aria-pressed': 'false', data: { testid: 'show-archived' },
      on: { click: () => list.show(list.status === 'active' ? 'archived' : 'active') },
    });
    this.theme = h('button', { type: 'button', class: 'icon-button', data: { testid: 'theme' }, on: { click: () => this.#showTheme(window.chatTheme.next()) } });
    this.#showTheme(window.chatTheme.current);
    this.element = h('aside', { class: 'sidebar', 'aria-label': 'Conversations' },
      h('header', { class: 'sidebar-head' },
        h('h1', { text: 'Chats' }),
        h('button', { type: 'button', class: 'primary small', data: { testid: 'new-session' }, on: { click: onNew } }, icon('plus'), 'New')),
      h('div', { class: 'filter' }, icon('search'), this.filter, this.hint),
      h('nav', { class: 'session-scroll', 'aria-label': 'Conversations' }, this.items, this.note, this.more, this.search.element),
      h('footer', { class: 'sidebar-foot' },
        avatar(identity.userId ?? '?'),
        h('span', { class: 'who', text: identity.userId ?? 'Signed in', data: { testid: 'current-user' } }),
        this.archived, this.theme,
        iconButton('leave', 'Sign out', onSignOut, { 'data-testid': 'signout' })));
    list.changed.listen(() => this.#draw());
    this.#draw();
  }

  focusFilter() {
    this.filter.focus();
    this.filter.select();
  }

  /** @param {string | null} id the open session */
  mark(id) {
    this.#current = id;
    this.#draw();
  }

  #draw() {
    const list = this.#list;
    const words = this.filter.value.trim().toLowerCase();
    const shown = list.rows.filter(row => !words || `${row.title} ${row.agent_name ?? ''} ${row.last_message ?? ''}`.toLowerCase().includes(words));
    const keep = new Set(shown.map(row => row.session_id));
    for (const [id, item] of this.#rows) {
      if (keep.has(id)) continue;
      item.remove();
      this.#rows.delete(id);
    }
    shown.forEach((row, place) => {
      const item = this.#rows.get(row.session_id) ?? this.#makeRow(row.session_id);
      this.#update(item, row);
      if (this.items.children[place] !== item) this.#place(item, place);
    });
    this.#roving();
    this.more.hidden = !list.hasMore || Boolean(words);
    set(this.archived, 'aria-pressed', list.status === 'archived');
    setText(this.note, this.#noteText(shown.length, words));
    const unread = list.rows.reduce((sum, row) => sum + this.#unread(row), 0);
    document.title = unread && list.status === 'active' ? `(${unread}) Chat` : 'Chat';
  }

  #noteText(count, words) {
    if (this.#list.error && !this.#list.rows.length) return this.#list.error;
    if (!this.#list.loaded) return 'Loading…';
    if (count) return '';
    if (words) return 'No conversation matches.';
    return this.#list.status === 'archived' ? 'Nothing is archived.' : 'No conversations yet. Start one with New.';
  }

  /** Moves an item and keeps the focus in it. */
  #place(item, place) {
    const focused = item.contains(document.activeElement) && document.activeElement;
    this.items.insertBefore(item, this.items.children[place] ?? null);
    if (focused) focused.focus();
  }

  #makeRow(id) {
    const link = h('a', { href: `#/s/${encodeURIComponent(id)}`, class: 'session', data: { testid: 'session-item', sessionId: id } });
    const item = h('li', {}, link);
    item.parts = {
      link,
      title: h('span', { class: 'session-title' }),
      time: h('time', {}),
      last: h('span', { class: 'session-last' }),
      unread: h('span', { class: 'unread', data: { testid: 'unread' } }),
    };
    this.#rows.set(id, item);
    return item;
  }

  #update(item, row) {
    const { link, title, time, last, unread } = item.parts;
    const name = row.title || row.session_id;
    if (title.textContent !== name || !link.childElementCount) {
      setText(title, name);
      link.replaceChildren(avatar(name), h('span', { class: 'session-text' },
        h('span', { class: 'session-line' }, title, time), h('span', { class: 'session-line' }, last, unread)));
    }
    set(link, 'aria-current', row.session_id === this.#current && 'page');
    set(time, 'datetime', row.last_message_at);
    setText(time, row.last_message_at ? moment(row.last_message_at) : '');
    setText(last, row.last_message ? preview(row.last_message) : row.agent_name ?? '');
    const count = this.#unread(row);
    unread.hidden = !count;
    setText(unread, count > 99 ? '99+' : String(count));
    set(unread, 'aria-label', count && `${count} unread`);
    link.classList.toggle('has-unread', count > 0);
  }

  #unread(row) {
    return row.session_id === this.#list.reading ? 0 : row.unread_count ?? 0;
  }

  /** One item is in the tab order; the arrows lead to the others. */
  #roving() {
    const links = this.#links();
    const stop = links.find(link => link === document.activeElement) ?? links.find(link => link.hasAttribute('aria-current')) ?? links[0];
    for (const link of links) link.tabIndex = link === stop ? 0 : -1;
  }

  #links() {
    return [...this.items.querySelectorAll('a')];
  }

  #listKey(event) {
    const links = this.#links();
    const at = links.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    if (to < 0) this.filter.focus();
    links[Math.min(to, links.length - 1)]?.focus();
    this.#roving();
  }

  #filterKey(event) {
    if (event.key === 'ArrowDown') {
      event.preventDefault();
      this.#links()[0]?.focus();
      this.#roving();
    } else if (event.key === 'Escape' && this.filter.value) {
      event.stopPropagation();
      this.filter.value = '';
      this.#filtered();
    } else if (event.key === 'Enter') {
      this.#links()[0]?.click();
    }
  }

  #filtered() {
    this.hint.hidden = Boolean(this.filter.value);
    this.#draw();
    this.search.find(this.filter.value.trim());
  }

  #showTheme(theme) {
    this.theme.replaceChildren(icon(theme));
    set(this.theme, 'aria-label', THEME_LABELS[theme]);
    set(this.theme, 'title', THEME_LABELS[theme]);
  }
}

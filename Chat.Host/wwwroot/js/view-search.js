import { h, setText } from './dom.js';
import { moment } from './format.js';

// A search is asked for when nothing was typed for so long.
const TYPED_OUT = 300;
// The server finds nothing by less.
const SHORTEST = 2;
// An answer may be empty and go on: so often the page asks by itself.
const MOST_EMPTY = 5;

/** Messages that have the words, from all conversations. */
export class SearchView {
  #api;
  #timer = 0;
  #turn = 0;
  #words = '';
  #next = null;

  constructor(api) {
    this.#api = api;
    this.hits = h('ul', { class: 'hits' });
    this.note = h('p', { class: 'note', role: 'status', data: { testid: 'search-note' } });
    this.more = h('button', { type: 'button', class: 'link', text: 'Show older', hidden: true, data: { testid: 'search-more' }, on: { click: () => this.#load(this.#turn) } });
    this.element = h('section', { 'aria-label': 'Messages found', hidden: true, data: { testid: 'search-results' } },
      h('h2', { class: 'section', text: 'Messages' }), this.hits, this.note, this.more);
  }

  find(words) {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    this.#words = words;
    this.#next = null;
    this.element.hidden = [...words].length < SHORTEST;
    if (this.element.hidden) return;
    this.#timer = setTimeout(() => {
      this.hits.replaceChildren();
      this.#load(turn);
    }, TYPED_OUT);
  }

  async #load(turn) {
    this.more.hidden = true;
    setText(this.note, 'Searching…');
    try {
      for (let empty = 0; empty < MOST_EMPTY; empty++) {
        const page = await this.#api.search(this.#words, this.#next);
        if (turn !== this.#turn) return;
        this.#next = page.next;
        this.hits.append(...page.hits.map(hitRow));
        if (page.hits.length || !page.has_more) break;
      }
      setText(this.note, this.hits.childElementCount || this.#next ? '' : 'No message matches.');
    } catch (error) {
      if (turn !== this.#turn) return;
      setText(this.note, error.message);
    }
    this.more.hidden = !this.#next;
  }
}

function hitRow(hit) {
  const href = `#/s/${encodeURIComponent(hit.session_id)}/${encodeURIComponent(hit.message_id)}`;
  // To an address where the page already is the browser does not go.
  const again = () => location.hash === href && dispatchEvent(new HashChangeEvent('hashchange'));
  return h('li', {}, h('a', { class: 'hit', href, on: { click: again }, data: { testid: 'search-hit' } },
    h('span', { class: 'session-line' }, h('b', { text: hit.sender_name || hit.sender_id }), h('time', { datetime: hit.created_at, text: moment(hit.created_at) })),
    h('span', { class: 'hit-session', text: hit.session_title || hit.session_id }),
    h('span', { class: 'hit-text' }, ...hit.parts.map(part => part.hit ? h('mark', { text: part.text }) : part.text))));
}

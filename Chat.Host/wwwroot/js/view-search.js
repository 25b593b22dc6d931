import { h } from './dom.js';
import { moment } from './format.js';

const TYPED_OUT = 300;
// What the search endpoint finds at least.
const SHORTEST = 2;

/** Messages that contain the words, from all sessions. */
export class SearchView {
  #api;
  #timer = 0;
  #turn = 0;

  constructor(api) {
    this.#api = api;
    this.hits = h('ul', { class: 'hits' });
    this.element = h('section', { 'aria-label': 'Messages found', hidden: true }, h('h2', { class: 'section', text: 'Messages' }), this.hits);
  }

  find(words) {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    if (words.length < SHORTEST) {
      this.element.hidden = true;
      return;
    }
    this.#timer = setTimeout(async () => {
      let hits = [];
      try {
        ({ hits } = await this.#api.search(words));
      } catch {
        // The filter over the titles stands without it.
      }
      if (turn === this.#turn) this.#show(hits);
    }, TYPED_OUT);
  }

  #show(hits) {
    this.element.hidden = !hits.length;
    this.hits.replaceChildren(...hits.map(hit => h('li', {},
      h('a', { class: 'hit', href: `#/s/${encodeURIComponent(hit.session_id)}/${encodeURIComponent(hit.message_id)}`, data: { testid: 'search-hit' } },
        h('span', { class: 'session-line' }, h('b', { text: hit.sender_id }), h('time', { datetime: hit.created_at, text: moment(hit.created_at) })),
        h('span', { class: 'hit-text', text: hit.snippet })))));
  }
}

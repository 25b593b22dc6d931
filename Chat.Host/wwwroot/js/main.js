import { Api } from './api.js';
import { Conversation } from './conversation.js';
import { h } from './dom.js';
import { Identity } from './identity.js';
import { load as loadMarkdown } from './markdown.js';
import { flushOthers } from './outbox.js';
import { SessionList } from './session-list.js';
import { ConversationView } from './view-conversation.js';
import { askNewSession, askToken } from './view-dialogs.js';
import { SessionsView } from './view-sessions.js';
import { SignInView } from './view-signin.js';

const root = document.getElementById('app');
const identity = new Identity();
const api = new Api(identity);
const markdown = loadMarkdown();

let signedIn = null;

/** The page of a user who is signed in: the list on one side, at most one conversation on the other. */
class Workspace {
  #open = null; // {id, conversation, view}
  #unlisten = [];

  constructor() {
    this.list = new SessionList(api);
    this.sessions = new SessionsView(this.list, identity, api, {
      onNew: () => this.#create(),
      onSignOut: () => identity.signOut(),
    });
    this.empty = h('main', { class: 'conversation empty', 'aria-label': 'Conversation' }, h('p', { text: 'Choose a conversation, or start a new one.' }));
    this.element = h('div', { class: 'workspace' }, this.sessions.element, this.empty);
    this.#unlisten = [this.list.polled.listen(() => this.#flush())];
    addEventListener('hashchange', this.#route);
    addEventListener('keydown', this.#key);
  }

  start() {
    this.list.start();
    this.#route();
    this.#flush();
  }

  close() {
    removeEventListener('hashchange', this.#route);
    removeEventListener('keydown', this.#key);
    this.#unlisten.forEach(off => off());
    this.list.stop();
    this.#leave();
  }

  #route = () => {
    const [, id, message] = location.hash.match(/^#\/s\/([^/]+)(?:\/([^/]+))?$/)?.map(part => part && decodeURIComponent(part)) ?? [];
    if (id !== this.#open?.id) {
      this.#leave();
      if (id) this.#enter(id);
    }
    if (id && message) this.#open.ready.then(() => this.#open?.view?.messages.reveal(message));
    this.element.classList.toggle('reading', Boolean(id));
    this.sessions.mark(id ?? null);
    this.list.reading = id ?? null;
  };

  #enter(id) {
    const conversation = new Conversation(id, api, identity);
    const opened = this.#open = { id, conversation, view: null };
    conversation.stirred.listen(() => this.list.touch());
    conversation.reset.listen(() => { this.#leave(); this.#route(); });
    opened.ready = this.#show(opened);
  }

  async #show(opened) {
    this.#fill(h('p', { text: 'Loading…' }));
    try {
      await Promise.all([opened.conversation.open(), markdown]);
    } catch (error) {
      if (this.#open === opened) this.#explain(opened, error);
      return;
    }
    if (this.#open !== opened) return;
    opened.view = new ConversationView(opened.conversation);
    this.#fill(null, opened.view.element);
    if (matchMedia('(hover: hover)').matches) opened.view.composer.focus();
  }

  #explain(opened, error) {
    const gone = error.status === 404 || error.status === 403;
    const again = () => { this.#leave(); this.#route(); };
    this.#fill(h('div', { class: 'card', role: 'alert' },
      h('p', { text: gone ? 'This conversation does not exist, or you are not a member of it.' : error.message }),
      !gone && h('button', { type: 'button', text: 'Try again', on: { click: again } }),
      h('a', { href: '#/', text: 'All conversations' })));
    if (!gone) addEventListener('online', () => this.#open === opened && again(), { once: true });
  }

  #fill(content, view = h('main', { class: 'conversation empty', 'aria-label': 'Conversation' }, content)) {
    this.element.lastElementChild.replaceWith(view);
  }

  #leave() {
    this.#open?.view?.close();
    this.#open?.conversation.close();
    this.#open = null;
    this.element.lastElementChild.replaceWith(this.empty);
  }

  async #create() {
    let agents = [];
    try {
      ({ agents } = await api.agents());
    } catch {
      // A conversation without an agent can be made all the same.
    }
    await askNewSession(agents, async fields => {
      const session = await api.createSession(fields);
      location.hash = `#/s/${encodeURIComponent(session.session_id)}`;
      this.list.show('active');
      this.list.touch();
    });
  }

  #flush() {
    flushOthers(api, identity.userId, this.#open?.id ?? '');
  }

  #key = event => {
    if (document.querySelector('dialog[open]')) return;
    const writing = event.target.closest('input, textarea, select');
    if ((event.key === 'k' && (event.ctrlKey || event.metaKey)) || (event.key === '/' && !writing)) {
      event.preventDefault();
      this.element.classList.contains('reading') && matchMedia('(max-width: 719px)').matches && (location.hash = '#/');
      this.sessions.focusFilter();
    } else if (event.key === 'Escape' && this.#open?.view?.escape()) {
      event.preventDefault();
    }
  };
}

function draw() {
  signedIn?.close();
  signedIn = null;
  if (identity.signedIn) {
    signedIn = new Workspace();
    root.replaceChildren(signedIn.element);
    signedIn.start();
  } else {
    const view = new SignInView(identity);
    root.replaceChildren(view.element);
    view.focus();
  }
}

identity.renewed.listen(() => signedIn || draw());
identity.left.listen(draw);
identity.expired.listen(() => {
  const over = new AbortController();
  const off = identity.renewed.listen(() => over.abort());
  askToken(identity, over.signal).finally(off);
});
draw();

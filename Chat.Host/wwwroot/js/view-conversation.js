import { avatar, h, icon, iconButton, setText } from './dom.js';
import * as format from './format.js';
import { ComposerView } from './view-composer.js';
import { askTitle, confirm } from './view-dialogs.js';
import { MessagesView } from './view-messages.js';

const NOTICE_LASTS = 6000;

/** The open session: who is there, what was said, how the connection is, and where to write. */
export class ConversationView {
  #conversation;
  #countdown = 0;
  #notice = 0;

  constructor(conversation) {
    this.#conversation = conversation;
    this.composer = new ComposerView(conversation);
    this.messages = new MessagesView(conversation, {
      onReply: message => this.composer.replyTo(message),
      onEdit: message => this.composer.edit(message),
    });
    this.title = h('h2', { class: 'title', data: { testid: 'session-title' } });
    this.subtitle = h('p', { class: 'subtitle', data: { testid: 'presence' } });
    this.face = h('span', { class: 'face' });
    this.status = h('span', { class: 'status', role: 'status', data: { testid: 'connection-status' } });
    this.archive = iconButton('archive', 'Archive', () => this.#archive(), { 'data-testid': 'archive' });
    this.membersButton = iconButton('people', 'People', () => this.#toggleMembers(), { 'aria-expanded': 'false', 'data-testid': 'members' });
    this.members = h('section', { class: 'members', 'aria-label': 'People', hidden: true });
    this.banner = h('div', { class: 'banner', role: 'status', hidden: true, data: { testid: 'banner' } });
    this.notice = h('div', { class: 'notice', role: 'alert', hidden: true, data: { testid: 'notice' } });
    this.typing = h('p', { class: 'typing', 'aria-live': 'polite', data: { testid: 'typing' } });
    this.element = h('main', { class: 'conversation', 'aria-label': 'Conversation' },
      h('header', { class: 'conversation-head' },
        h('a', { href: '#/', class: 'icon-button back', 'aria-label': 'Back to the conversations', data: { testid: 'back' } }, icon('back')),
        this.face, h('div', { class: 'heading' }, this.title, this.subtitle),
        this.status, this.membersButton,
        iconButton('edit', 'Rename', () => this.#rename(), { 'data-testid': 'rename' }), this.archive),
      this.members, this.banner, this.messages.element, this.notice, this.typing, this.composer.element);
    this.dropHere = h('div', { class: 'drop-here', hidden: true, 'aria-hidden': 'true' }, h('p', { text: 'Drop files to attach them' }));
    this.element.append(this.dropHere);
    this.#listen();
    this.#takeDrops();
    this.#showHead();
    this.#showStatus();
  }

  close() {
    clearInterval(this.#countdown);
    clearTimeout(this.#notice);
    this.#unlisten.forEach(off => off());
    this.composer.close();
    this.messages.close();
  }

  /** @returns {boolean} whether Escape was of use here */
  escape() {
    if (!this.members.hidden) {
      this.#toggleMembers();
      this.membersButton.focus();
      return true;
    }
    return this.composer.escape() || this.#conversation.stop();
  }

  #unlisten = [];

  #listen() {
    const { socket, presence, changed, failed } = this.#conversation;
    this.#unlisten = [
      socket.changed.listen(() => this.#showStatus()),
      presence.changed.listen(() => { this.#showHead(); this.#showMembers(); }),
      presence.typed.listen(() => this.#showTyping()),
      changed.listen(() => this.#showHead()),
      failed.listen(text => this.#tell(text)),
    ];
  }

  #takeDrops() {
    const hasFiles = event => event.dataTransfer.types.includes('Files');
    // Between an element and the one inside it the pointer leaves the first after it has entered the second.
    let depth = 0;
    const show = by => { depth = by && depth + by; this.dropHere.hidden = depth <= 0 || this.#conversation.archived; };
    this.element.addEventListener('dragenter', event => hasFiles(event) && show(1));
    this.element.addEventListener('dragleave', event => hasFiles(event) && show(-1));
    // Without this the browser would leave the page and open the file, also where it is not taken.
    this.element.addEventListener('dragover', event => hasFiles(event) && event.preventDefault());
    this.element.addEventListener('drop', event => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      show(0);
      this.composer.attach(event.dataTransfer.files);
    });
  }

  #showHead() {
    const { session, presence, id } = this.#conversation;
    const title = session?.title || id;
    if (this.title.textContent !== title) {
      this.title.textContent = title;
      this.face.replaceChildren(avatar(title));
    }
    const others = [...presence.members.values()].filter(m => m.is_online && m.user_id !== this.#conversation.userId);
    const there = others.length ? `${format.names(others.map(m => m.name || m.user_id))} ${others.length === 1 ? 'is' : 'are'} here` : '';
    setText(this.subtitle, [session?.agent?.name, there].filter(Boolean).join(' · '));
    this.archive.hidden = this.#conversation.archived;
  }

  #showMembers() {
    this.members.replaceChildren(h('ul', {}, ...[...this.#conversation.presence.members.values()]
      .sort((a, b) => b.is_online - a.is_online)
      .map(m => h('li', { class: m.is_online ? 'online' : '', data: { testid: 'member', userId: m.user_id, online: m.is_online } },
        avatar(m.name || m.user_id),
        h('span', { class: 'member-name', text: m.name || m.user_id }),
        h('small', { text: m.is_online ? 'here' : m.last_seen ? `seen ${format.moment(m.last_seen)}` : 'away' })))));
  }

  #toggleMembers() {
    this.members.hidden = !this.members.hidden;
    this.membersButton.setAttribute('aria-expanded', String(!this.members.hidden));
  }

  #showTyping() {
    const { typing } = this.#conversation.presence;
    setText(this.typing, typing.length ? `${format.names(typing)} ${typing.length === 1 ? 'is' : 'are'} typing…` : '');
  }

  #showStatus() {
    const { state } = this.#conversation.socket;
    clearInterval(this.#countdown);
    const draw = () => {
      const seconds = Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000));
      const text = {
        connecting: state.again ? 'Reconnecting…' : 'Connecting…',
        connected: 'Connected',
        waiting: state.offline ? 'Offline' : `Reconnecting in ${seconds} s`,
        refused: 'Not connected',
        closed: '',
      }[state.name];
      setText(this.status, text);
    };
    this.status.dataset.state = state.offline ? 'offline' : state.name;
    draw();
    if (state.name === 'waiting') this.#countdown = setInterval(draw, 1000);
    this.#showBanner(state);
  }

  /** What a user must know where the connection is not there; the banner stays through the attempts, so that it does not blink. */
  #showBanner(state) {
    if (state.name === 'connecting' && state.again) return;
    this.banner.hidden = !['waiting', 'refused'].includes(state.name);
    if (state.name === 'waiting') {
      this.banner.replaceChildren(
        h('span', { text: state.offline ? 'You are offline. What you write is sent when you are back.' : 'The connection is lost. What you write is sent when it is back.' }),
        h('button', { type: 'button', class: 'link', text: 'Try now', on: { click: () => this.#conversation.socket.wake() } }));
    } else if (state.name === 'refused') {
      this.banner.replaceChildren(h('span', { text: `The server closed this conversation: ${state.reason}` }));
    }
  }

  #tell(text) {
    clearTimeout(this.#notice);
    this.notice.textContent = text;
    this.notice.hidden = false;
    this.#notice = setTimeout(() => { this.notice.hidden = true; }, NOTICE_LASTS);
  }

  async #rename() {
    const title = await askTitle(this.#conversation.session?.title ?? '');
    if (title) this.#conversation.rename(title);
  }

  async #archive() {
    if (await confirm('Archive this conversation?', 'It can still be read, and restored.', 'Archive')) this.#conversation.archive();
  }
}

import { ApiError } from './api.js';
import { Signal } from './signal.js';

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
// A connection that lived this long ended for a new reason: the backoff begins again.
const STABLE = 5000;
// The server's own pings do not reach a script. 25 s stays under the 30 s of common proxies.
const PING_EVERY = 25_000;
const PONG_WITHIN = 10_000;

const Close = { Normal: 1000, Refused: 1008, Draining: 1012, Expired: 4001 };

/**
 * The live connection of one session. It comes back by itself with the reader's cursor, as the close code asks,
 * until it is refused or closed.
 *
 * State: `{name, reason?, retryAt?, offline?}` with the names `connecting`, `connected`, `waiting`, `refused`, `closed`.
 */
export class SessionSocket {
  frame = new Signal();
  changed = new Signal();
  state = { name: 'connecting' };

  #session; #api; #identity; #cursor;
  #socket = null;
  #generation = 0;
  #attempt = 0;
  #openedAt = 0;
  #heardAt = 0;
  #retry = 0;
  #ping = 0;
  #pong = 0;
  #unlisten = [];

  /** @param {() => number} cursor the seq after which the server shall go on */
  constructor(session, api, identity, cursor) {
    this.#session = session;
    this.#api = api;
    this.#identity = identity;
    this.#cursor = cursor;
    this.#unlisten.push(
      identity.renewed.listen(token => this.send({ type: 'auth', token })),
      on(window, 'online', () => this.wake()),
      on(window, 'offline', () => this.#probe()),
      on(document, 'visibilitychange', () => document.visibilityState === 'visible' && this.wake()));
  }

  get connected() {
    return this.state.name === 'connected';
  }

  /** @returns {boolean} false where there is no connection; the frame is then not sent */
  send(frame) {
    if (!this.connected) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  async connect() {
    const generation = ++this.#generation;
    clearTimeout(this.#retry);
    this.#drop();
    this.#become({ name: 'connecting', again: this.#attempt > 0 });
    try {
      const { ticket } = await this.#api.ticket();
      if (generation === this.#generation) this.#open(ticket);
    } catch (error) {
      if (generation !== this.#generation) return;
      const final = error instanceof ApiError ? [401, 403].includes(error.status) : !this.#identity.signedIn;
      if (final) this.#become({ name: 'refused', reason: error.message });
      else this.#later(error.message, error.retryAfter);
    }
  }

  /** Tries now instead of at the end of the wait; a connection that seems to live must show it. */
  wake() {
    if (this.state.name === 'waiting') {
      this.#attempt = 0;
      this.connect();
    } else if (this.connected) {
      this.#probe();
    }
  }

  /** Drops the connection and comes back with the cursor. */
  restart() {
    this.#attempt = 0;
    if (!['refused', 'closed'].includes(this.state.name)) this.connect();
  }

  close() {
    this.#generation++;
    clearTimeout(this.#retry);
    this.#unlisten.forEach(off => off());
    this.#drop();
    this.#become({ name: 'closed' });
  }

  #open(ticket) {
    const url = new URL(`ws/${encodeURIComponent(this.#session)}`, document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    url.searchParams.set('ticket', ticket);
    url.searchParams.set('since', this.#cursor());
    const socket = this.#socket = new WebSocket(url);
    socket.onmessage = event => {
      if (socket === this.#socket) this.#receive(JSON.parse(event.data));
    };
    socket.onclose = event => {
      if (socket === this.#socket) this.#closed(event);
    };
  }

  #receive(frame) {
    this.#heardAt = Date.now();
    if (frame.type === 'system' && frame.event === 'connected') {
      this.#openedAt = Date.now();
      this.#identity.learn(frame.user_id);
      this.#ping = setInterval(() => this.#probe(), PING_EVERY);
      this.frame.fire(frame);
      this.#become({ name: 'connected' });
    } else {
      this.frame.fire(frame);
    }
  }

  #closed({ code, reason }) {
    const lived = this.#openedAt && Date.now() - this.#openedAt;
    this.#drop();
    if (lived > STABLE) this.#attempt = 0;
    if (code === Close.Refused) {
      this.#become({ name: 'refused', reason: reason || 'The server refused the connection.' });
    } else if (code === Close.Expired && this.#attempt === 0) {
      this.#renew();
    } else if (code === Close.Draining && this.#attempt === 0) {
      this.#attempt = 1;
      this.connect();
    } else {
      this.#later(reason);
    }
  }

  async #renew() {
    const generation = this.#generation;
    this.#become({ name: 'connecting', again: true, reason: 'Renewing the sign-in' });
    try {
      await this.#identity.renew();
      this.#attempt = 1;
      if (generation === this.#generation) this.connect();
    } catch (error) {
      if (generation === this.#generation) this.#later(error.message);
    }
  }

  /** Full jitter over the upper half, so that many clients of a dead node do not come back together. */
  #later(reason, atLeast = 0) {
    const span = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#attempt++);
    const delay = Math.max(atLeast, span * (0.5 + Math.random() / 2));
    this.#retry = setTimeout(() => this.connect(), delay);
    this.#become({ name: 'waiting', reason, retryAt: Date.now() + delay, offline: !navigator.onLine });
  }

  #probe() {
    if (!this.send({ type: 'ping' })) return;
    clearTimeout(this.#pong);
    const asked = Date.now();
    this.#pong = setTimeout(() => {
      if (this.#heardAt >= asked) return;
      this.#drop();
      this.#later('The server does not answer.');
    }, PONG_WITHIN);
  }

  #drop() {
    clearInterval(this.#ping);
    clearTimeout(this.#pong);
    this.#openedAt = 0;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(Close.Normal);
  }

  #become(state) {
    this.state = state;
    this.changed.fire(state);
  }
}

function on(target, type, listener) {
  target.addEventListener(type, listener);
  return () => target.removeEventListener(type, listener);
}

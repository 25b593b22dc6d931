import { Signal } from './signal.js';

// The key is the one that the console functions of the chat documentation read.
const TOKEN = 'accessToken';
const USER = 'chat.user';
// Set where the token came from the development endpoint, which can be asked again.
const RENEWABLE = 'chat.renewable';

/** The server hands out no development tokens (it runs in production mode). */
export class NoDevelopmentTokens extends Error {}

/** A sign-in that the server or the token itself does not allow. */
export class SignInRefused extends Error {}

/** Who uses the page: the token, and where the next one comes from. */
export class Identity {
  /** The token is another one, of the same user. */
  renewed = new Signal();
  /** Only the user can bring the next token; `signInWithToken` answers it. */
  expired = new Signal();
  /** The user has signed out, here or in another tab. */
  left = new Signal();

  #renewal = null;
  #pasted = null;
  #timer = 0;

  constructor() {
    this.token = localStorage.getItem(TOKEN);
    this.userId = this.token && (claims(this.token)?.sub ?? localStorage.getItem(USER));
    addEventListener('storage', event => event.key === TOKEN && this.#adopt(event.newValue));
    this.#schedule();
  }

  get signedIn() {
    return Boolean(this.token);
  }

  /** @throws {NoDevelopmentTokens} in production mode */
  async signInByName(name) {
    const response = await fetch(new URL(`dev/token?user=${encodeURIComponent(name)}`, document.baseURI), { cache: 'no-store' });
    if (response.status === 404) throw new NoDevelopmentTokens('This server gives no development tokens.');
    if (!response.ok) {
      const problem = await response.json().catch(() => ({}));
      throw new SignInRefused(problem.detail || `Sign-in failed (${response.status}).`);
    }
    const body = await response.json();
    localStorage.setItem(RENEWABLE, '1');
    this.#accept(body.token, body.user_id);
  }

  /** @throws {SignInRefused} where the token is over, or somebody else's */
  signInWithToken(text) {
    const token = text.trim();
    const found = claims(token);
    if (found?.exp && found.exp * 1000 < Date.now()) throw new SignInRefused('This token has expired.');
    if (this.userId && found?.sub && found.sub !== this.userId) {
      throw new SignInRefused(`This token belongs to ${found.sub}. Sign out first to change the user.`);
    }
    localStorage.removeItem(RENEWABLE);
    this.#accept(token, found?.sub ?? this.userId);
    this.#pasted?.resolve();
    this.#pasted = null;
  }

  /** The name that the server knows this user by, where the token does not tell it. Everything drawn so far lacked it. */
  learn(userId) {
    if (!userId || this.userId) return;
    localStorage.setItem(USER, userId);
    location.reload();
  }

  /** Brings a fresh token; several callers share one attempt. Waits for the user where only the user has one. */
  renew() {
    this.#renewal ??= this.#fetchOrAsk().finally(() => { this.#renewal = null; });
    return this.#renewal;
  }

  signOut() {
    for (const key of [TOKEN, USER, RENEWABLE]) localStorage.removeItem(key);
    this.#adopt(null);
  }

  async #fetchOrAsk() {
    if (localStorage.getItem(RENEWABLE) && this.userId) {
      try {
        return await this.signInByName(this.userId);
      } catch (error) {
        if (!(error instanceof NoDevelopmentTokens)) throw error;
        localStorage.removeItem(RENEWABLE);
      }
    }
    await new Promise((resolve, reject) => {
      this.#pasted = { resolve, reject };
      this.expired.fire();
    });
  }

  #accept(token, userId) {
    this.token = token;
    this.userId = userId;
    localStorage.setItem(TOKEN, token);
    if (userId) localStorage.setItem(USER, userId);
    this.#schedule();
    this.renewed.fire(token);
  }

  #adopt(token) {
    if (!token) {
      this.token = this.userId = null;
      clearTimeout(this.#timer);
      this.#pasted?.reject(new SignInRefused('Signed out.'));
      this.#pasted = null;
      this.left.fire();
    } else if ((claims(token)?.sub ?? localStorage.getItem(USER)) !== this.userId) {
      location.reload();
    } else if (token !== this.token) {
      this.token = token;
      this.#pasted?.resolve();
      this.#pasted = null;
      this.#schedule();
      this.renewed.fire(token);
    }
  }

  /** Renews a minute before the end, or in the last fifth of a short life; at most hourly steps, since timers are 31 bits. */
  #schedule() {
    clearTimeout(this.#timer);
    const end = this.token && claims(this.token)?.exp * 1000;
    if (!end || !localStorage.getItem(RENEWABLE)) return;
    const left = end - Date.now();
    const wait = Math.max(1000, left - Math.min(60_000, left / 5));
    this.#timer = setTimeout(() => {
      if (wait > 3_600_000) this.#schedule();
      else this.renew().catch(() => { this.#timer = setTimeout(() => this.#schedule(), 5000); });
    }, Math.min(wait, 3_600_000));
  }
}

/** The claims of a JWT, unverified, or null where the token is of another kind. */
function claims(token) {
  try {
    const part = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), c => c.charCodeAt(0))));
  } catch {
    return null;
  }
}

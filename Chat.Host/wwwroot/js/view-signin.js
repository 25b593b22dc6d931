import { h } from './dom.js';
import { NoDevelopmentTokens } from './identity.js';

/** The sign-in form: by name where the server hands out development tokens, else with a token. */
export class SignInView {
  #identity;
  #byToken = false;

  constructor(identity) {
    this.#identity = identity;
    this.user = h('input', {
      name: 'user', maxlength: 100, autocomplete: 'username', autocapitalize: 'off', spellcheck: 'false', required: true,
      'data-testid': 'signin-user',
    });
    this.token = h('textarea', { name: 'token', rows: 4, spellcheck: 'false', autocomplete: 'off', 'data-testid': 'signin-token' });
    this.userField = h('label', { class: 'field' }, h('span', { text: 'User name' }), this.user);
    this.tokenField = h('label', { class: 'field', hidden: true }, h('span', { text: 'Token' }), this.token);
    this.problem = h('p', { class: 'problem', role: 'alert' });
    this.submit = h('button', { class: 'primary', text: 'Sign in', data: { testid: 'signin-submit' } });
    this.other = h('button', { type: 'button', class: 'link', text: 'Use a token', on: { click: () => this.#show(!this.#byToken) } });
    this.element = h('main', { class: 'signin' },
      h('form', { class: 'card', 'aria-labelledby': 'signin-title', on: { submit: event => this.#signIn(event) } },
        h('img', { class: 'logo', src: 'favicon.svg', alt: '' }),
        h('h1', { id: 'signin-title', text: 'Chat' }),
        this.userField, this.tokenField, this.problem, this.submit, this.other));
  }

  focus() {
    (this.#byToken ? this.token : this.user).focus();
  }

  #show(byToken) {
    this.#byToken = byToken;
    this.userField.hidden = byToken;
    this.tokenField.hidden = !byToken;
    this.user.required = !byToken;
    this.token.required = byToken;
    this.other.textContent = byToken ? 'Use a user name' : 'Use a token';
    this.problem.textContent = '';
    this.focus();
  }

  async #signIn(event) {
    event.preventDefault();
    this.submit.disabled = true;
    this.problem.textContent = '';
    try {
      if (this.#byToken) this.#identity.signInWithToken(this.token.value);
      else await this.#identity.signInByName(this.user.value.trim());
    } catch (error) {
      if (error instanceof NoDevelopmentTokens) {
        this.#show(true);
        this.problem.textContent = 'This server does not sign in by name. Paste an access token.';
      } else {
        this.problem.textContent = error instanceof TypeError ? 'The server cannot be reached.' : error.message;
      }
    } finally {
      this.submit.disabled = false;
    }
  }
}

import { h } from './dom.js';

/**
 * Shows a modal dialog until it is answered. The browser keeps the focus in it and gives it back at the end.
 * @returns {Promise<FormData | null>} null where it was left by Escape or Cancel
 */
function ask(title, fields, { submit, danger = false, onSubmit, onOther, other, signal }) {
  return new Promise(resolve => {
    const error = h('p', { class: 'problem', role: 'alert' });
    const close = answer => { dialog.close(); dialog.remove(); resolve(answer); };
    const form = h('form', {
      on: {
        submit: async event => {
          event.preventDefault();
          const data = new FormData(form);
          error.textContent = '';
          confirm.disabled = true;
          try {
            await onSubmit?.(data);
            close(data);
          } catch (failure) {
            error.textContent = failure.message;
          } finally {
            confirm.disabled = false;
          }
        },
      },
    });
    const confirm = h('button', { class: danger ? 'danger' : 'primary', text: submit, data: { testid: 'dialog-submit' } });
    const cancel = h('button', { type: 'button', text: other ?? 'Cancel', on: { click: () => { onOther?.(); close(null); } } });
    form.append(h('h2', { id: 'dialog-title', text: title }), ...fields, error, h('div', { class: 'dialog-buttons' }, cancel, confirm));
    const dialog = h('dialog', {
      'aria-labelledby': 'dialog-title',
      on: { cancel: event => { event.preventDefault(); if (!other) close(null); } },
    }, form);
    signal?.addEventListener('abort', () => dialog.isConnected && close(null));
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector('input, textarea, select')?.focus();
  });
}

function field(label, control, hint) {
  return h('label', { class: 'field' }, h('span', { text: label }), control, hint && h('small', { text: hint }));
}

/** @param create makes the session; what it throws is shown in the dialog */
export function askNewSession(agents, create) {
  const agent = h('select', { name: 'agent', 'data-testid': 'new-session-agent' },
    ...agents.map(a => h('option', { value: a.id, text: a.name })),
    h('option', { value: '', text: 'No agent' }));
  return ask('New conversation', [
    field('Title', h('input', { name: 'title', maxlength: 200, autocomplete: 'off', 'data-testid': 'new-session-title' })),
    field('Agent', agent),
    field('People', h('input', { name: 'members', autocomplete: 'off', placeholder: 'bob, carol', 'data-testid': 'new-session-members' }),
      'User names with commas between them; none for a conversation of your own.'),
  ], {
    submit: 'Create',
    onSubmit: data => {
      const members = data.get('members').split(/[,\s]+/).filter(Boolean);
      return create({
        title: data.get('title').trim() || 'New conversation',
        ...(data.get('agent') && { agent_id: Number(data.get('agent')) }),
        ...(members.length && { members }),
      });
    },
  });
}

export async function askTitle(title) {
  const input = h('input', { name: 'title', maxlength: 200, required: true, value: title, autocomplete: 'off' });
  const data = await ask('Rename the conversation', [field('Title', input)], { submit: 'Rename' });
  return data?.get('title').trim() || null;
}

export async function confirm(title, text, submit) {
  return Boolean(await ask(title, [h('p', { text })], { submit, danger: true }));
}

/** Asks for a token until one is taken, here or in another tab (`signal`); the other way out is to sign out. */
export function askToken(identity, signal) {
  return ask('Your sign-in has expired', [
    h('p', { text: 'Paste a new token to go on. What you have written is kept.' }),
    field('Token', h('textarea', { name: 'token', rows: 4, required: true, spellcheck: 'false' })),
  ], {
    submit: 'Continue',
    other: 'Sign out',
    signal,
    onSubmit: data => identity.signInWithToken(data.get('token')),
    onOther: () => identity.signOut(),
  });
}

/** A picture as large as the page allows. @param {Promise<Blob>} loading */
export async function showPicture(name, loading, onDownload) {
  const frame = h('div', { class: 'picture-frame' }, h('p', { text: 'Loading…' }));
  const dialog = h('dialog', { class: 'picture', 'aria-label': name, on: { close: () => dialog.remove(), click: event => event.target === dialog && dialog.close() } },
    h('header', {}, h('b', { text: name }),
      h('button', { type: 'button', text: 'Download', on: { click: onDownload } }),
      h('button', { type: 'button', class: 'primary', text: 'Close', autofocus: true, on: { click: () => dialog.close() }, data: { testid: 'picture-close' } })),
    frame);
  document.body.append(dialog);
  dialog.showModal();
  try {
    const source = URL.createObjectURL(await loading);
    const picture = h('img', { src: source, alt: name, data: { testid: 'picture' } });
    await picture.decode();
    URL.revokeObjectURL(source);
    frame.replaceChildren(picture);
  } catch {
    frame.replaceChildren(h('p', { class: 'problem', role: 'alert', text: 'This picture cannot be shown.' }));
  }
}

/**
 * Makes an element. `class`, `text`, `on` (listeners by event) and `data` are as they sound; other properties become
 * attributes, `true` an empty one, `false`, null and undefined none.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'text') element.textContent = value;
    else if (name === 'on') for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (name === 'data') Object.assign(element.dataset, value);
    else set(element, name, value);
  }
  element.append(...children.filter(child => child != null && child !== false));
  return element;
}

/** Sets or takes away an attribute, as {@link h} does. */
export function set(element, name, value) {
  if (value === false || value == null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== (value === true ? '' : String(value))) element.setAttribute(name, value === true ? '' : value);
}

/** Sets the text only where it is another one, so that nothing is announced or selected away in vain. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const SVG = 'http://www.w3.org/2000/svg';
const PATHS = {
  plus: 'M12 5v14M5 12h14',
  back: 'M15 5l-7 7 7 7',
  send: 'M5 12h13M12 5l7 7-7 7',
  stop: 'M7 7h10v10H7z',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  archive: 'M4 5h16v4H4zM6 9v10h12V9M10 13h4',
  restore: 'M4 12a8 8 0 1 0 3-6M4 4v5h5',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  reply: 'M9 7l-5 5 5 5M4 12h10a6 6 0 0 1 6 6',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  attach: 'M20 11l-8 8a5 5 0 0 1-7-7l8-8a3.5 3.5 0 0 1 5 5l-8 8a2 2 0 0 1-3-3l7-7',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5',
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M12 5v14M6 13l6 6 6-6',
  people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20a6 6 0 0 1 12 0M16 4.5a3.5 3.5 0 0 1 0 6M18 14.5a6 6 0 0 1 3 5.5',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5',
  leave: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  auto: 'M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16',
  light: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2',
  dark: 'M20 14A8 8 0 1 1 10 4a6.5 6.5 0 0 0 10 10z',
};

export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows an icon only. */
export function iconButton(name, label, onClick, properties = {}) {
  return h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, on: { click: onClick }, ...properties }, icon(name));
}

/** A circle with the first letters of a name, in a colour that belongs to it. */
export function avatar(name) {
  const element = h('span', { class: 'avatar', 'aria-hidden': 'true', text: initials(name) });
  element.style.setProperty('--hue', hue(name));
  return element;
}

let announcer = null;
/** Tells a screen reader. */
export function announce(text) {
  announcer ??= document.getElementById('announcer');
  announcer.textContent = text;
}

function initials(name) {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  return ([...(words[0] ?? '?')][0] + ([...(words[1] ?? '')][0] ?? '')).toUpperCase();
}

function hue(name) {
  let sum = 7;
  for (const c of name) sum = (sum * 31 + c.codePointAt(0)) % 360;
  return sum;
}

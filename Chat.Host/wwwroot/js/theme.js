// A plain script that runs before the page is drawn, so that a chosen theme does not flash in. The button is the page's own.
const THEME = 'chat.theme';

function applyTheme() {
  const theme = localStorage.getItem(THEME);
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

/** As the system, light, dark, and round again. */
function nextTheme() {
  const next = { light: 'dark', dark: 'auto' }[localStorage.getItem(THEME)] ?? 'light';
  localStorage.setItem(THEME, next);
  applyTheme();
  return next;
}

window.chatTheme = { next: nextTheme, get current() { return localStorage.getItem(THEME) ?? 'auto'; } };
addEventListener('storage', event => event.key === THEME && applyTheme());
applyTheme();

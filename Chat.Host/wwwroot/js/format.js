const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const dayAndYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const shortDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const number = new Intl.NumberFormat();

export const time = at => clock.format(new Date(at));
export const fullTime = at => full.format(new Date(at));

/** Two times lie on one day of the reader's. */
export const sameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

export function dayName(at) {
  const date = new Date(at);
  const now = new Date();
  if (sameDay(date, now)) return 'Today';
  if (sameDay(date, now.getTime() - 86_400_000)) return 'Yesterday';
  return date.getFullYear() === now.getFullYear() ? day.format(date) : dayAndYear.format(date);
}

/** The time of today, the date of other days. */
export function moment(at) {
  return sameDay(at, Date.now()) ? time(at) : shortDay.format(new Date(at));
}

export const tokens = n => `${number.format(n)} ${n === 1 ? 'token' : 'tokens'}`;

export function duration(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

/** A message in one line, without the signs of markdown that its rendering would not show. */
export function preview(content) {
  return content.replace(/^\s*(?:#{1,6}|>|```\S*)(?:\s+|$)/gm, '').replace(/(\*\*|~~|`)(?=\S)(.+?)\1/g, '$2').replace(/\[([^\]]+)\]\([^)\s]*\)/g, '$1');
}

export function names(list) {
  if (list.length < 2) return list[0] ?? '';
  if (list.length > 3) return `${list.slice(0, 2).join(', ')} and ${list.length - 2} others`;
  return `${list.slice(0, -1).join(', ')} and ${list.at(-1)}`;
}

const TAGS = ['p', 'br', 'hr', 'strong', 'em', 'del', 'code', 'pre', 'blockquote', 'ul', 'ol', 'li', 'a',
  'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'input'];
const ATTRIBUTES = ['href', 'title', 'class', 'align', 'start', 'type', 'checked', 'disabled'];

let toFragment = null;

/**
 * Loads the libraries. Where they are missing, `render` shows plain text.
 * @returns {Promise<boolean>}
 */
export async function load() {
  try {
    const [{ Marked }, { default: DOMPurify }] = await Promise.all([import('../lib/marked.js'), import('../lib/purify.js')]);
    toFragment = renderer(new Marked(), DOMPurify);
  } catch {
    console.info('The markdown libraries are not there: messages are shown as plain text.');
  }
  return Boolean(toFragment);
}

/** Shows content in an element. What has not changed since the last call keeps its nodes, and so a selection in it. */
export function render(element, content) {
  element.classList.toggle('plain', !toFragment);
  if (!toFragment) {
    if (element.textContent !== content) element.textContent = content;
    return;
  }
  const fragment = toFragment(content);
  const fresh = [...fragment.childNodes];
  let same = 0;
  while (same < fresh.length && element.childNodes[same]?.isEqualNode(fresh[same])) same++;
  while (element.childNodes.length > same) element.lastChild.remove();
  element.append(...fresh.slice(same));
}

function renderer(marked, purify) {
  marked.use({
    gfm: true,
    breaks: true,
    // HTML in a message is text that somebody wrote about HTML.
    tokenizer: { html: () => undefined, tag: () => undefined },
    renderer: {
      // A picture from elsewhere would tell its host who reads; the link says where it is.
      image: ({ href, text }) => `<a href="${escape(href)}">${escape(text || href)}</a>`,
    },
  });
  purify.addHook('afterSanitizeAttributes', node => {
    if (node.nodeName === 'A') {
      node.setAttribute('target', '_blank');
      node.setAttribute('rel', 'noopener noreferrer');
    }
    if (node.hasAttribute('class') && !/^language-[\w+#.-]+$/.test(node.className)) node.removeAttribute('class');
    if (node.nodeName === 'INPUT') {
      node.setAttribute('type', 'checkbox');
      node.setAttribute('disabled', '');
    }
  });
  const rules = {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    // The library tests every attribute that is not known as plain text by it, so it also passes what is no address.
    ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto):|[^a-z]|[a-z+.-]+(?:[^a-z+.:-]|$))/i,
    RETURN_DOM_FRAGMENT: true,
  };
  return content => {
    const fragment = purify.sanitize(marked.parse(content), rules);
    fragment.querySelectorAll('pre').forEach(addCopyButton);
    fragment.querySelectorAll('table').forEach(table => {
      const frame = document.createElement('div');
      frame.className = 'table';
      table.replaceWith(frame);
      frame.append(table);
    });
    return fragment;
  };
}

/** A click on it is handled by whoever holds the messages. */
function addCopyButton(pre) {
  const frame = document.createElement('div');
  frame.className = 'code';
  const bar = document.createElement('div');
  bar.className = 'code-bar';
  const language = document.createElement('span');
  language.textContent = pre.querySelector('code')?.className.replace('language-', '') || 'code';
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy-code';
  button.textContent = 'Copy';
  bar.append(language, button);
  pre.tabIndex = 0;
  pre.replaceWith(frame);
  frame.append(bar, pre);
}

function escape(text) {
  return text.replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`);
}

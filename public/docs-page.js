// What Swagger UI leaves out for those who read in the dark, by keyboard or with a screen reader, put into its page.

const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()

// It draws anew at each click, and keeps attributes that it did not set.
new MutationObserver(complete).observe(document.body, { childList: true, subtree: true })

function complete() {
  // It has a main, and what is said above it stands in no landmark; tables of replies are regions without a name.
  const head = document.querySelector('.information-container')
  head?.setAttribute('role', 'region')
  if (head) name(head, 'About')
  for (const table of document.querySelectorAll('table.responses-table[role="region"]')) name(table, table.id)
  // Below its h1 come h3, h4 and h5: a level is missing.
  for (const heading of document.querySelectorAll(':is(h3, h4, h5):not([aria-level])')) {
    heading.setAttribute('aria-level', String(Number(heading.tagName[1]) - 1))
  }
  // A link within a button is one control too many; pressing the button sets the address all the same.
  for (const link of document.querySelectorAll('button a[href]')) link.removeAttribute('href')
  for (const code of document.querySelectorAll('pre.microlight:not([tabindex])')) code.setAttribute('tabindex', '0')
  for (const body of document.querySelectorAll('textarea.body-param__text')) name(body, 'Request body')
  for (const field of document.querySelectorAll('tr[data-param-name] :is(input, select, textarea)')) {
    name(field, field.closest('tr')?.dataset['paramName'] ?? '')
  }
}

/** @param {Element} field @param {string} label */
function name(field, label) {
  if (!field.hasAttribute('aria-label')) field.setAttribute('aria-label', label)
}

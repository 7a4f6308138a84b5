// Makes elements. Text goes in as text: nothing here, or anywhere else in the chat, turns a string into HTML.

/**
 * Make an element with properties, attributes (`aria-…`, `data-…`, `role` and the like) and children.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [properties] `undefined` leaves one out
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue
    if (name in made) Reflect.set(made, name, value)
    else made.setAttribute(name, String(value))
  }
  made.append(...children)
  return made
}

/**
 * Find an element that the page has.
 *
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} type what it must be
 * @returns {E}
 */
export function find(id, type) {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} with the id ${id}`)
  return found
}

const icons = {
  close: 'M6 6l12 12M18 6 6 18',
  done: 'M5 13l4 4L19 7',
}

/**
 * @param {keyof typeof icons} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const namespace = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(namespace, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  svg.setAttribute('class', 'icon')
  const path = document.createElementNS(namespace, 'path')
  path.setAttribute('d', icons[name])
  svg.append(path)
  return svg
}

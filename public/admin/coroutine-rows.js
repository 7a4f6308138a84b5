// The coroutines of the server as rows of a tree: who each is for, which of them are looked for, and which are folded away.
// Pure: nothing here touches the page.

/**
 * One coroutine, as /admin/coroutines tells it.
 *
 * @typedef {object} Coroutine
 * @property {number} id
 * @property {number | null} parent
 * @property {string} name
 * @property {string} path
 * @property {string} status
 * @property {string | null} waitsFor
 * @property {number | null} parkedMs
 */
/** @typedef {'request' | 'server'} Kind */
/**
 * @typedef {object} Row
 * @property {Coroutine} coroutine
 * @property {number} depth 0 for a root
 * @property {boolean} isOpen
 * @property {number} children how many it has
 * @property {boolean} isMatch false: it is there because something below it is looked for
 */
/** @typedef {{ text: string, kind: Kind | 'all', client: string, sort: 'tree' | 'oldest' }} Search */

/** @type {Search} */
export const everything = { text: '', kind: 'all', client: '', sort: 'tree' }

/** Whether it answers a request, or is one of the server's own. @param {string} name @returns {Kind} */
export function kindOf(name) {
  return /^(?:GET|POST|PUT|DELETE|HEAD|PATCH|OPTIONS) |^events for /.test(name) ? 'request' : 'server'
}

/** Whom a request is for; empty for the server's own. @param {string} name */
export function clientOf(name) {
  return / (?:for|to) (\S+?)#\d+$/.exec(name)?.[1] ?? ''
}

/**
 * Its name without what has columns of its own, and of a request's URL the path and the topics: what else it has, such as a
 * cursor, nobody reads.
 *
 * @param {string} name
 */
export function titleOf(name) {
  const bare = name.replace(/ (?:for|to) \S+#\d+$/, '').replace(/#\d+$/, '')
  const [, verb, path = '', query] = /^(\S+ (?:for )?)([^\s?]*)(?:\?(\S*))?$/.exec(bare) ?? []
  if (verb === undefined || !path.startsWith('/')) return bare
  const topics = new URLSearchParams(query).getAll('topic').map((topic) => ` ${topic}`)
  return `${verb}${readable(path)}${topics.join('')}`
}

/** What it waits for, without the words that all share. @param {string | null} waitsFor */
export function reasonOf(waitsFor) {
  return waitsFor?.replace(/^select\{ (.*) \}$/, '$1').replaceAll(' | ', ' · ') ?? ''
}

/** The case of it that says most: of a poll, what it waits for news of. @param {string | null} waitsFor */
export function gistOf(waitsFor) {
  const reason = reasonOf(waitsFor)
  const news = reason.split(' · ').find((one) => one.startsWith('news: '))
  return news?.slice('news: '.length) ?? reason
}

/**
 * The rows to show, parents before their children.
 *
 * @param {readonly Coroutine[]} coroutines parents first, as the server sends them
 * @param {Search} search @param {ReadonlySet<number>} folded
 * @returns {Row[]}
 */
export function rowsOf(coroutines, search, folded) {
  const matches = coroutines.map((coroutine) => isWanted(coroutine, search))
  if (search.sort === 'oldest') return oldestFirst(coroutines, matches)
  const children = new Map()
  for (const { parent } of coroutines) children.set(parent, (children.get(parent) ?? 0) + 1)
  const kept = withAncestors(coroutines, matches)
  /** @type {Map<number, number>} how deep each that is unfolded is */
  const depths = new Map()
  /** @type {Row[]} */
  const rows = []
  coroutines.forEach((coroutine, at) => {
    const { id, parent } = coroutine
    const depth = parent === null ? 0 : depths.get(parent)
    if (!kept.has(id) || depth === undefined) return
    const isOpen = !folded.has(id)
    if (isOpen) depths.set(id, depth + 1)
    rows.push({ coroutine, depth, isOpen, children: children.get(id) ?? 0, isMatch: matches[at] === true })
  })
  return rows
}

/** @param {readonly Coroutine[]} coroutines @param {readonly boolean[]} matches @returns {Row[]} */
function oldestFirst(coroutines, matches) {
  return coroutines
    .filter((_, at) => matches[at])
    .sort((a, b) => (b.parkedMs ?? -1) - (a.parkedMs ?? -1) || a.id - b.id)
    .map((coroutine) => ({ coroutine, depth: 0, isOpen: true, children: 0, isMatch: true }))
}

/** @param {Coroutine} coroutine @param {Search} search */
function isWanted({ name, waitsFor, path }, { text, kind, client }) {
  if (kind !== 'all' && kindOf(name) !== kind) return false
  if (client !== '' && clientOf(name) !== client) return false
  if (text === '') return true
  return `${titleOf(name)} ${path} ${waitsFor ?? ''}`.toLowerCase().includes(text.toLowerCase())
}

/** @param {readonly Coroutine[]} coroutines @param {readonly boolean[]} matches */
function withAncestors(coroutines, matches) {
  const parents = new Map(coroutines.map(({ id, parent }) => [id, parent]))
  /** @type {Set<number>} */
  const kept = new Set()
  coroutines.forEach(({ id }, at) => {
    if (!matches[at]) return
    for (
      let one = /** @type {number | null | undefined} */ (id);
      one != null && !kept.has(one);
      one = parents.get(one)
    ) {
      kept.add(one)
    }
  })
  return kept
}

/** @param {string} path */
function readable(path) {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

// Topic patterns: which topics a right is for. A segment is a name, or `*` for any one segment; `**` at the end stands for
// one segment or more.
//
// Always true:
//   - letters are told apart by case, as in topics, and a topic is looked at as the broker knows it: decoded, once;
//   - no pattern matches a reserved topic, one whose name begins with `__`: what those are for, the server decides.

import { clip } from '../errors.ts'

const patternText =
  /^(?=.{1,200}$)(?!__)(?:(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+|\*)(?:\/(?:(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+|\*))*(?:\/\*\*)?$/

/** What fits as a pattern; it continues the sentence "… must be". */
export const patternRule = 'a topic whose segments may be *, and ** at its end, such as chat/* or chat/**'

export function isTopicPattern(text: string): boolean {
  return text === '**' || patternText.test(text)
}

/** Read an option's pattern. */
export function readTopicPattern(text: string): { readonly value: string } | { readonly misfit: string } {
  return isTopicPattern(text) ? { value: text } : { misfit: clip(text) }
}

/** Whether a topic belongs to the server. */
export function isReserved(topic: string): boolean {
  return topic.startsWith('__')
}

/** Patterns that are sound, as one. */
export class TopicPatterns {
  readonly texts: readonly string[]
  readonly #matcher: RegExp | null

  constructor(texts: readonly string[]) {
    this.texts = texts
    this.#matcher = texts.length === 0 ? null : new RegExp(`^(?!__)(?:${texts.map(matcherOf).join('|')})$`)
  }

  get isEmpty(): boolean {
    return this.#matcher === null
  }

  matches(topic: string): boolean {
    return this.#matcher?.test(topic) ?? false
  }

  /** Whether one of them matches every topic that `pattern` matches. */
  covers(pattern: string): boolean {
    return this.texts.some((text) => isWithin(pattern.split('/'), text.split('/')))
  }
}

function matcherOf(text: string): string {
  return text.split('/').map(segmentMatcher).join('/')
}

function segmentMatcher(segment: string): string {
  if (segment === '**') return '.+'
  return segment === '*' ? '[^/]+' : segment.replaceAll('.', '\\.')
}

/** Whether every topic that matches `inner` matches `outer`. */
function isWithin(inner: readonly string[], outer: readonly string[]): boolean {
  if (outer.at(-1) === '**') {
    const fixed = outer.slice(0, -1)
    return inner.length >= outer.length && isEachWithin(inner, fixed)
  }
  return inner.length === outer.length && isEachWithin(inner, outer)
}

/** Segment by segment, as far as `outer` goes. */
function isEachWithin(inner: readonly string[], outer: readonly string[]): boolean {
  return outer.every((segment, at) => segment === inner[at] || (segment === '*' && inner[at] !== '**'))
}

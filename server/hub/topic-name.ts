// What a topic may be called.

import { clip, EnckeError } from '../errors.ts'

const longestName = 200

// Segments of the characters that no URL, log or shell rewrites; none that a path would fold away.
const segment = '(?!\\.{1,2}(?:/|$))[A-Za-z0-9._~-]+'

/** The whole rule as a regular expression, for schemas. The topic in which it is told who is on a topic has a longer name. */
export const topicNamePattern = `^(?=(?:__presence/)?.{1,${longestName}}$)${segment}(?:/${segment})*$`

const pattern = new RegExp(topicNamePattern)

/** What the names of the topics begin with in which a node tells about itself. */
const own = '__encke/'

/** Whether it is a topic in which this node tells about itself: for administrators, kept in this process. */
export function isOwnTopic(name: string): boolean {
  return name.startsWith(own)
}

export function isTopicName(name: string): boolean {
  return pattern.test(name)
}

/** Give back `name`. @throws EnckeError ENCKE_ERR_TOPIC_NAME, saying what is wrong with it */
export function checkTopicName(name: string): string {
  if (isTopicName(name)) return name
  throw new EnckeError('ENCKE_ERR_TOPIC_NAME', `${complaint(name)} (got ${clip(name)})`)
}

function complaint(name: string): string {
  if (name.length === 0) return 'a topic needs a name of 1 to 200 characters'
  if (name.length > longestName)
    return `a topic name has at most ${longestName} characters, this one has ${name.length}`
  if (name.split('/').includes('')) return 'a topic name has no empty segment: remove the slash too many'
  if (name.split('/').some((segment) => segment === '.' || segment === '..')) {
    return 'no segment of a topic name is "." or ".."'
  }
  return 'a topic name consists of A–Z a–z 0–9 . _ ~ - /'
}

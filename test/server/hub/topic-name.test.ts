import { expect, it } from 'vitest'
import { EnckeError } from '../../../server/errors.ts'
import { checkTopicName, isTopicName } from '../../../server/hub/index.ts'

it.each(['a', 'A/b/C', '0', '.a', 'a.', '...', 'a/..b', '~', '-_.~', 'x'.repeat(200), 'a/b/c/d/e/f'])(
  '%j is a topic name',
  (name) => {
    expect(isTopicName(name)).toBe(true)
    expect(checkTopicName(name)).toBe(name)
  },
)

it.each([
  ['', 'a topic needs a name of 1 to 200 characters'],
  ['x'.repeat(201), 'at most 200 characters, this one has 201'],
  ['/', 'no empty segment'],
  ['/a', 'no empty segment'],
  ['a/', 'no empty segment'],
  ['a//b', 'no empty segment'],
  ['.', '"." or ".."'],
  ['..', '"." or ".."'],
  ['a/./b', '"." or ".."'],
  ['../a', '"." or ".."'],
  ['a/..', '"." or ".."'],
  ['a b', 'consists of'],
  ['a\n', 'consists of'],
  ['ä', 'consists of'],
  ['a%2Fb', 'consists of'],
  ['a"b', 'consists of'],
  ['😀', 'consists of'],
])('%j is none, and the error says what is wrong with it', (name, complaint) => {
  expect(isTopicName(name)).toBe(false)
  expect(() => checkTopicName(name)).toThrow(EnckeError)
  expect(() => checkTopicName(name)).toThrow(complaint)
  expect(() => checkTopicName(name)).toThrow(/\(got ".*\)$/)
})

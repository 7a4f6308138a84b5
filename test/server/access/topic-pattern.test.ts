import { describe, expect, it } from 'vitest'
import { isReserved, isTopicPattern, TopicPatterns } from '../../../server/access/topic-pattern.ts'
import { cpuMsOf } from '../../cpu-time.ts'

describe('a topic pattern', () => {
  it.each(['a', 'a/b', '*', '**', 'a/*', 'a/**', '*/b', '*/*/c', '*/**', 'a.b/~c-d', '...', 'x'.repeat(200)])(
    'may be %j',
    (pattern) => expect(isTopicPattern(pattern)).toBe(true),
  )

  it.each([
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    'a*',
    'a/b*',
    '***',
    'a/***',
    '**/b',
    'a/**/b',
    '.',
    'a/./b',
    'a/../b',
    'a b',
    'a%2Fb',
    'ä',
    'a\n',
    '__a',
    '__presence/a',
    'a|b',
    '(a)+',
    'x'.repeat(201),
  ])('may not be %j', (pattern) => expect(isTopicPattern(pattern)).toBe(false))

  const matching: [pattern: string, topics: string[], others: string[]][] = [
    ['a', ['a'], ['A', 'ab', 'a/b', 'b']],
    ['a.b', ['a.b'], ['axb', 'a/b']],
    ['*', ['a', 'A.b', '_a'], ['a/b', '__a']],
    ['a/*', ['a/b', 'a/_', 'a/__b'], ['a', 'a/b/c', 'A/b', 'b/a/c', 'xa/b', 'a/b/c/d']],
    ['*/b', ['a/b'], ['a/c', 'b', 'a/a/b', 'a/b/c', '__a/b']],
    ['a/**', ['a/b', 'a/b/c', 'a/b/c/d'], ['a', 'ab/c', 'A/b', 'b/a/b']],
    ['*/x/**', ['a/x/b', 'b/x/c/d'], ['a/x', 'a/b/x/c', '__a/x/b']],
    ['**', ['a', 'a/b/c', '_'], ['__', '__a', '__encke/x', '__presence/a']],
  ]
  it.each(matching)('%s matches what it says and nothing else', (pattern, topics, others) => {
    const patterns = new TopicPatterns([pattern])
    expect(topics.filter((topic) => !patterns.matches(topic))).toEqual([])
    expect(others.filter((topic) => patterns.matches(topic))).toEqual([])
  })

  it('matches among others what any of them does, and none of them matches nothing', () => {
    const patterns = new TopicPatterns(['a', 'b/*', 'c/**'])
    expect(['a', 'b/x', 'c/x/y'].every((topic) => patterns.matches(topic))).toBe(true)
    expect(['b', 'a/x', 'b/x/y', 'c', 'axb/x'].some((topic) => patterns.matches(topic))).toBe(false)
    const none = new TopicPatterns([])
    expect([none.isEmpty, none.matches('a'), none.covers('a')]).toEqual([true, false, false])
  })

  it.each([
    ['**', '**', true],
    ['**', 'a', true],
    ['**', 'a/*/**', true],
    ['a/**', 'a/b', true],
    ['a/**', 'a/*', true],
    ['a/**', 'a/**', true],
    ['a/**', 'a/b/**', true],
    ['a/**', 'a', false],
    ['a/**', '**', false],
    ['a/**', '*/b', false],
    ['a/*', 'a/b', true],
    ['a/*', 'a/*', true],
    ['a/*', 'a/**', false],
    ['a/*', 'a/b/c', false],
    ['*/b', 'a/b', true],
    ['*/b', '*/*', false],
    ['*', '**', false],
    ['*/**', 'a/b/c', true],
    ['*/**', '**', false],
    ['a', 'a', true],
    ['a', 'A', false],
  ])('%s covers %s: %s', (outer, inner, isCovered) => {
    expect(new TopicPatterns(['zzz', outer]).covers(inner)).toBe(isCovered)
  })

  it('takes no longer for a topic that nearly matches', () => {
    const patterns = new TopicPatterns([`${'*/'.repeat(90)}x`])
    const tookMs = cpuMsOf(() => {
      for (let round = 0; round < 1_000; round += 1) patterns.matches(`${'a/'.repeat(90)}y`)
    })
    expect(tookMs).toBeLessThan(1_000)
  })
})

it('a reserved topic begins with two underscores, at its begin alone', () => {
  expect(['__a', '__', '__presence/a'].every(isReserved)).toBe(true)
  expect(['_a', 'a__', 'a/__b'].some(isReserved)).toBe(false)
})

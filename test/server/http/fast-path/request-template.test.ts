import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { bytesOf, RequestTemplate } from '../../../../server/http/fast-path/request-template.ts'
import { Templates } from '../../../../server/http/fast-path/templates.ts'

const request = (target: string) => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`

function templateOf(target: string, parameters: Record<string, string>): RequestTemplate {
  const template = RequestTemplate.of(request(target), parameters)
  if (template === undefined) throw new Error('it is not known')
  return template
}

describe('the template of a request', () => {
  it.each(['/messages?cursor=abc', '/messages?cursor=abc&topic=a', '/topics/a/messages?wait=1&cursor=abc&limit=2'])(
    'matches the same request with another value: %s',
    (target) => {
      const template = templateOf(target, { cursor: 'abc' })
      for (const cursor of ['abc', '', 'a', 'longer-than_before', '0_1.~']) {
        const other = request(target.replace('abc', cursor))
        expect(template.valuesIn(Buffer.from(other))).toEqual([cursor])
        expect(template.with([cursor])).toBe(other)
      }
    },
  )

  it.each([
    '/stream/a?offset=0_1&live=long-poll&cursor=77',
    '/stream/a?cursor=77&offset=0_1',
    '/stream/a?live=long-poll&cursor=77&x=&offset=0_1&y',
  ])('gives several values in the order in which they were named: %s', (target) => {
    const template = templateOf(target, { offset: '0_1', cursor: '77' })
    for (const [offset = '', cursor = ''] of [
      ['0_1', '77'],
      ['0_2', '78'],
      ['', ''],
      ['77', '0_1'],
    ]) {
      const other = request(target.replace('0_1', '<').replace('77', cursor).replace('<', offset))
      expect(template.valuesIn(Buffer.from(other))).toEqual([offset, cursor])
      expect(template.with([offset, cursor])).toBe(other)
    }
  })

  it('has up to three parameters, and not more', () => {
    const target = '/a?a=1&b=2&c=3&d=4'
    expect(templateOf(target, { a: '1', c: '3', d: '4' }).valuesIn(Buffer.from(request(target)))).toEqual([
      '1',
      '3',
      '4',
    ])
    expect(RequestTemplate.of(request(target), { a: '1', b: '2', c: '3', d: '4' })).toBeUndefined()
    expect(RequestTemplate.of(request(target), {})).toBeUndefined()
  })

  it.each([
    ['less', request('/messages?cursor=abc').slice(0, -1)],
    ['more', `${request('/messages?cursor=abc')}G`],
    ['before it', request('/messages?cursor=abc').slice(1)],
    ['so little that the ends overlap', 'GET /messages?cursor= HTTP'],
    ['another path', request('/massages?cursor=abc')],
    ['another case', request('/messages?Cursor=abc')],
    ['a value more', request('/messages?cursor=abc&limit=1')],
    ['a value that is written otherwise', request('/messages?cursor=%61bc')],
    ['a value in two pieces', request('/messages?cursor=abc&cursor=abc')],
    ['a line in its value', request('/messages?cursor=a\r\nb')],
    ['a letter beyond ASCII in its value', request('/messages?cursor=\xe4')],
    ['nothing', ''],
  ])('does not match with something else around it or in it: %s', (_, text) => {
    expect(templateOf('/messages?cursor=abc', { cursor: 'abc' }).valuesIn(Buffer.from(text, 'latin1'))).toBeUndefined()
  })

  it.each([
    ['/a?offset=1&x=y&cursor=2', '/a?offset=1&cursor=2'],
    ['/a?offset=1&x=y&cursor=2', '/a?offset=1&x=z&cursor=2'],
    ['/a?offset=1&x=y&cursor=2', '/a?cursor=2&x=y&offset=1'],
    ['/a?offset=1&x=y&cursor=2', '/a?offset=1&x=y&x=y&cursor=2'],
    ['/a?offset=1&cursor=2', '/a?offset=1&cursor=2&cursor=3'],
    ['/a?offset=1&cursor=2', '/a?offset=1&offset=1&cursor=2'],
    ['/a?offset=1&cursor=2', '/a?offset=1'],
  ])('does not match with something else between its values: %s, %s', (target, other) => {
    const template = templateOf(target, { offset: '1', cursor: '2' })
    expect(template.valuesIn(Buffer.from(request(other)))).toBeUndefined()
  })

  it.each([
    ['/messages?topic=a', 'a'],
    ['/messages?cursor=abc', 'abd'],
    ['/messages?cursor=abcd', 'abc'],
    ['/messages?cursor=abc&cursor=abc', 'abc'],
    ['/messages?xcursor=abc', 'abc'],
    ['/messages/cursor=abc', 'abc'],
    ['/messages?topic=a#&cursor=abc', 'abc'],
    ['/messages?%63ursor=abc', 'abc'],
    ['/messages?cursor', ''],
  ])('is none where the value does not stand plainly: %s', (target, cursor) => {
    expect(RequestTemplate.of(request(target), { cursor })).toBeUndefined()
  })

  it('is that of a GET alone', () => {
    const bytes = request('/messages?cursor=abc').replace('GET', 'HEAD')
    expect(RequestTemplate.of(bytes, { cursor: 'abc' })).toBeUndefined()
  })
})

describe('templates', () => {
  const one = new Templates()
  const of = (target: string, parameters: Record<string, string>) => one.ofPoll(request(target), parameters)

  it('are shared by requests that differ in their values alone', () => {
    const shared = of('/messages?cursor=abc', { cursor: 'abc' })
    expect(shared).toBeInstanceOf(RequestTemplate)
    expect(of('/messages?cursor=longer', { cursor: 'longer' })).toBe(shared)
    expect(of('/messages?cursor=abc&wait=1', { cursor: 'abc' })).not.toBe(shared)
    expect(of('/s?a=1&b=2', { a: '1', b: '2' })).not.toBe(of('/s?a=1&b=2', { b: '2', a: '1' }))
    expect(of('/messages', {})).toBeUndefined()
  })

  it('give each of those who share one the values of its own request', () => {
    const shared = of('/messages?cursor=abc', { cursor: 'abc' })
    const bytesOfCursor = (cursor: string) => Buffer.from(request(`/messages?cursor=${cursor}`))
    for (const cursor of ['abc', 'abc', 'abd', 'abc', '', 'abcd', 'abc']) {
      expect(shared?.valuesIn(bytesOfCursor(cursor))).toEqual([cursor])
      expect(shared?.valuesIn(Buffer.from(request('/messages?cursor=a%20')))).toBeUndefined()
      expect(shared?.valuesIn(bytesOfCursor(cursor).subarray(1))).toBeUndefined()
    }
  })

  it('are not kept without a bound, and go on when they are forgotten', () => {
    const first = of('/messages?topic=0&cursor=abc', { cursor: 'abc' })
    for (let n = 1; n < 100; n += 1) of(`/messages?topic=${n}&cursor=abc`, { cursor: 'abc' })
    expect(of('/messages?topic=0&cursor=abc', { cursor: 'abc' })).not.toBe(first)
    expect(first?.valuesIn(Buffer.from(request('/messages?topic=0&cursor=abd')))).toEqual(['abd'])
  })
})

describe('the bytes of a request', () => {
  it('have headers in any letters that Node takes, as they came', () => {
    const rawHeaders = ['Host', 'localhost', 'x-name', 'J\xfcrgen', 'X-Empty', '', 'x-name', 'again']
    const parsed = { method: 'GET', url: '/a', httpVersion: '1.1', rawHeaders } as unknown as IncomingMessage
    expect(Buffer.from(bytesOf(parsed), 'latin1').toString('latin1')).toBe(
      'GET /a HTTP/1.1\r\nHost: localhost\r\nx-name: J\xfcrgen\r\nX-Empty: \r\nx-name: again\r\n\r\n',
    )
  })
})

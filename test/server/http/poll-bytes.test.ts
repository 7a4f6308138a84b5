import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { bytesOf, PollBytes } from '../../../server/http/poll-bytes.ts'

const request = (target: string) => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`

function around(target: string, cursor: string): PollBytes {
  const bytes = PollBytes.around(request(target), cursor)
  if (bytes === undefined) throw new Error('there is no cursor')
  return bytes
}

describe('the bytes of a poll', () => {
  it.each(['/messages?cursor=abc', '/messages?cursor=abc&topic=a', '/topics/a/messages?wait=1&cursor=abc&limit=2'])(
    'are the same with another cursor: %s',
    (target) => {
      const bytes = around(target, 'abc')
      for (const cursor of ['abc', '', 'a', 'longer-than_before']) {
        const other = request(target.replace('abc', cursor))
        expect(bytes.cursorIn(Buffer.from(other))).toBe(cursor)
        expect(bytes.with(cursor)).toBe(other)
      }
    },
  )

  it.each([
    ['less', request('/messages?cursor=abc').slice(0, -1)],
    ['more', `${request('/messages?cursor=abc')}G`],
    ['before it', request('/messages?cursor=abc').slice(1)],
    ['so little that the ends overlap', 'GET /messages?cursor= HTTP'],
    ['another path', request('/massages?cursor=abc')],
    ['another case', request('/messages?Cursor=abc')],
    ['nothing', ''],
  ])('are not the same with something else around it: %s', (_, text) => {
    expect(around('/messages?cursor=abc', 'abc').cursorIn(Buffer.from(text))).toBeUndefined()
  })

  it.each([
    ['/messages?topic=a', 'a'],
    ['/messages?cursor=abc', 'abd'],
    ['/messages?cursor=abcd', 'abc'],
    ['/messages?xcursor=abc', 'abc'],
    ['/messages/cursor=abc', 'abc'],
    ['/messages?topic=a#&cursor=abc', 'abc'],
    ['/messages?%63ursor=abc', 'abc'],
  ])('are not known where the cursor does not stand plainly: %s', (target, cursor) => {
    expect(PollBytes.around(request(target), cursor)).toBeUndefined()
  })

  it('are known in a GET alone', () => {
    expect(PollBytes.around(request('/messages?cursor=abc').replace('GET', 'HEAD'), 'abc')).toBeUndefined()
  })

  it('have headers in any letters that Node takes, as they came', () => {
    const rawHeaders = ['Host', 'localhost', 'x-name', 'J\xfcrgen', 'X-Empty', '', 'x-name', 'again']
    const parsed = { method: 'GET', url: '/a', httpVersion: '1.1', rawHeaders } as unknown as IncomingMessage
    expect(Buffer.from(bytesOf(parsed), 'latin1').toString('latin1')).toBe(
      'GET /a HTTP/1.1\r\nHost: localhost\r\nx-name: J\xfcrgen\r\nX-Empty: \r\nx-name: again\r\n\r\n',
    )
  })
})

import { describe, expect, it } from 'vitest'
import { ReplyReader } from '../../loadtest/client/reply-reader.ts'

const text = (body: string, head = 'HTTP/1.1 200 OK') =>
  `${head}\r\nDate: today\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: keep-alive\r\n\r\n${body}`
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

function read(chunks: readonly (string | Buffer)[]) {
  const replies: [number, string][] = []
  const reader = new ReplyReader(({ status, body }) => replies.push([status, body]))
  for (const chunk of chunks) reader.take(Buffer.from(chunk as string))
  return replies
}

describe('the reader of replies', () => {
  it('reads a reply that comes in one piece', () => {
    expect(read([text('{"a":1}')])).toEqual([[200, '{"a":1}']])
  })

  it('reads the same however it is cut, in the middle of a character too', () => {
    const bytes = Buffer.from(text('{"a":"héllo ☄"}') + text('', 'HTTP/1.1 404 Not Found') + text('two'))
    const whole = [
      [200, '{"a":"héllo ☄"}'],
      [404, ''],
      [200, 'two'],
    ]
    for (let at = 0; at <= bytes.length; at += 1)
      expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole)
    expect(read(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))).toEqual(whole)
  })

  it('reads one without a body, which 204 has none of, before another', () => {
    const empty = 'HTTP/1.1 204 No Content\r\nStream-Next-Offset: 0_1\r\n\r\n'
    expect(read([`${empty}${empty}${text('two')}`])).toEqual([
      [204, ''],
      [204, ''],
      [200, 'two'],
    ])
  })

  it('reads one that comes in chunks, however it is cut', () => {
    const bytes = Buffer.from(`${chunked}4\r\n{"a"\r\nD\r\n:"☄ ☄ ☄\r\n2\r\n"}\r\n0\r\n\r\n${text('two')}`)
    const whole = [
      [200, '{"a":"☄ ☄ ☄"}'],
      [200, 'two'],
    ]
    for (let at = 0; at <= bytes.length; at += 1)
      expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole)
  })

  it('finds a header by its name, however it is written', () => {
    const found: (string | undefined)[] = []
    const reader = new ReplyReader(({ header }) => found.push(header('connection'), header('x-other')))
    reader.take(Buffer.from(text('abc')))
    expect(found).toEqual(['keep-alive', undefined])
  })

  it('refuses what it could misread', () => {
    expect(() => read(['HTTP/1.1 200 OK\r\n\r\nas much as there is'])).toThrow('Content-Length')
    expect(() => read([`${chunked}3;name=value\r\nabc\r\n0\r\n\r\n`])).toThrow('not the size of a chunk')
    expect(() => read([`${chunked}\r\n\r\n`])).toThrow('not the size of a chunk')
    expect(() => read(['SSH-2.0-OpenSSH\r\nContent-Length: 0\r\n\r\n'])).toThrow('not a reply')
  })
})

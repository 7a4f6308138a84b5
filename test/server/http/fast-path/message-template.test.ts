import { describe, expect, it } from 'vitest'
import { MessageTemplate } from '../../../../server/http/fast-path/message-template.ts'
import { Templates } from '../../../../server/http/fast-path/templates.ts'

const shape = { topic: /^[^?]*\?(?:.*&)?topic=([^&]*)/d, headers: ['idempotency-key', 'stream-seq'] }

const head = (target: string, length: number, lines: readonly string[] = []) =>
  [`POST ${target} HTTP/1.1`, 'Host: localhost', ...lines, `Content-Length: ${length}`, 'Accept: */*', '\r\n'].join(
    '\r\n',
  )

/** The bytes of a message with this body. */
const bytes = (target: string, body: string, lines: readonly string[] = []) =>
  Buffer.from(head(target, Buffer.byteLength(body), lines) + body)

function templateOf(target: string, topic: string, lines: readonly string[] = []): MessageTemplate {
  const template = MessageTemplate.of(head(target, 1, lines), topic, shape)
  if (template === undefined) throw new Error('it is not known')
  return template
}

describe('the template of a message', () => {
  it('matches the same request with another topic, another length and another body', () => {
    const template = templateOf('/publish?topic=a&x=y', 'a')
    for (const [written, topic] of [
      ['a', 'a'],
      ['chat%2Flobby', 'chat/lobby'],
      ['chat/lobby', 'chat/lobby'],
      ['a%2fb%2Fc', 'a/b/c'],
      ['longer-than_before.~', 'longer-than_before.~'],
    ] as const) {
      for (const body of ['1', '', 'Grüße', 'x'.repeat(7_000), '\r\n\r\n']) {
        const message = bytes(`/publish?topic=${written}&x=y`, body)
        const values = template.valuesIn(message)
        expect({ ...values, body: String(values?.body) }).toEqual({ topic, headers: ['', ''], body, bytes: message })
        expect(values && template.with(values)).toBe(message.toString('latin1'))
      }
    }
  })

  it('gives the headers that differ in the order of the shape, whichever way round they come', () => {
    for (const lines of [
      ['Idempotency-Key: one', 'STREAM-SEQ: 7'],
      ['STREAM-SEQ: 7', 'Idempotency-Key: one'],
    ]) {
      const template = templateOf('/publish?topic=a', 'a', lines)
      const others = lines.map((line) => line.replace('one', 'a-longer=one').replace('7', '8'))
      expect(template.valuesIn(bytes('/publish?topic=a', '1', others))?.headers).toEqual(['a-longer=one', '8'])
    }
  })

  it.each<[string, (message: Buffer) => Buffer]>([
    ['less', (message) => message.subarray(0, -1)],
    ['more', (message) => Buffer.concat([message, Buffer.from('1')])],
    ['its head alone', (message) => message.subarray(0, message.indexOf('\r\n\r\n') + 4)],
    ['nothing', () => Buffer.alloc(0)],
    ['another method', (message) => changed(message, 'POST', 'PUT')],
    ['a header less', (message) => changed(message, 'Accept: */*\r\n', '')],
    ['a header more', (message) => changed(message, '\r\n\r\n', '\r\nX: y\r\n\r\n')],
    ['another length', (message) => changed(message, 'Length: 2', 'Length: 1')],
    ['a length that is no number', (message) => changed(message, 'Length: 2', 'Length: 0x2')],
    ['a length with a sign', (message) => changed(message, 'Length: 2', 'Length: +2')],
    ['a topic that is encoded in another way', (message) => changed(message, 'topic=a', 'topic=%61')],
    ['a topic with a line in it', (message) => changed(message, 'topic=a', 'topic=a HTTP/1.1\r\nX: y')],
    ['a second topic', (message) => changed(message, 'topic=a', 'topic=a&topic=b')],
    ['no topic', (message) => changed(message, 'topic=a', 'topic=')],
    ['a key with a blank in it', (message) => changed(message, 'Key: one', 'Key: o ne')],
    ['a key with a line in it', (message) => changed(message, 'Key: one', 'Key: one\r\nX: y')],
    ['no key', (message) => changed(message, 'Key: one', 'Key: ')],
    ['more than eight kilobytes', () => bytes('/publish?topic=a', 'x'.repeat(9_000), ['Idempotency-Key: one'])],
  ])('does not match %s', (_, change) => {
    const template = templateOf('/publish?topic=a', 'a', ['Idempotency-Key: one'])
    const message = bytes('/publish?topic=a', '42', ['Idempotency-Key: one'])
    expect(template.valuesIn(message)?.topic).toBe('a')
    expect(template.valuesIn(change(message))).toBeUndefined()
  })

  it.each([
    ['whose topic is another', head('/publish?topic=b', 1)],
    ['whose topic is not in its target', head('/publish', 1)],
    ['with a part behind a hash', head('/publish?topic=a#b', 1)],
    ['without a length', head('/publish?topic=a', 1).replace('Content-Length', 'X-Length')],
    ['with two lengths', head('/publish?topic=a', 1, ['Content-Length: 1'])],
    ['with a key twice', head('/publish?topic=a', 1, ['Idempotency-Key: 1', 'idempotency-key: 1'])],
    ['with a key that is written without a blank', head('/publish?topic=a', 1, ['Idempotency-Key:1'])],
  ])('is none for a request %s', (_, text) => {
    expect(MessageTemplate.of(text, 'a', shape)).toBeUndefined()
  })

  it('is shared by requests that differ in what may alone', () => {
    const templates = new Templates()
    const first = templates.ofMessage(head('/publish?topic=a', 1), 'a', shape)
    expect(first).toBeInstanceOf(MessageTemplate)
    expect(templates.ofMessage(head('/publish?topic=b%2Fc', 1_000), 'b/c', shape)).toBe(first)
    expect(templates.ofMessage(head('/publish?topic=a', 1, ['Idempotency-Key: 1']), 'a', shape)).not.toBe(first)
  })
})

function changed(message: Buffer, what: string, by: string): Buffer {
  return Buffer.from(message.toString('latin1').replace(what, by), 'latin1')
}

// What a request that is refused costs: about as much as parsing it, however much there is to complain about.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clip } from '../../../server/errors.ts'
import { Served } from './served.ts'

const bytes = 500_000

function listOf(item: string): string {
  return `{"topics":[${Array.from({ length: bytes / (item.length + 1) }, () => item).join(',')}]}`
}

function properties(count: number): string {
  return Array.from({ length: count }, (_, at) => `"p${at}":1`).join(',')
}

const nested = `${'['.repeat(bytes / 2)}${']'.repeat(bytes / 2)}`

const bodies: [what: string, body: string, code: string][] = [
  ['a list of numbers', listOf('1'), 'TOPIC_COUNT'],
  ['a list of names', listOf('"a"'), 'TOPIC_COUNT'],
  ['a list of names that differ', `{"topics":[${properties(50_000).replaceAll(':1', '')}]}`, 'TOPIC_COUNT'],
  ['a list of no names', listOf('""'), 'TOPIC_COUNT'],
  ['a list of objects', listOf('{"a":1}'), 'VALIDATION'],
  ['a thousand names, of which the last is none', `{"topics":[${'"a",'.repeat(999)}"a//b"]}`, 'TOPIC_NAME'],
  ['a long name', `{"topics":["${'./'.repeat(bytes / 2)}"]}`, 'TOPIC_NAME'],
  ['properties that nobody knows', `{"topics":["a"],${properties(45_000)}}`, 'VALIDATION'],
  ['a property that holds many', `{"topics":["a"],"wait":{${properties(45_000)}}}`, 'VALIDATION'],
  ['lists in lists', `{"topics":${nested}}`, 'VALIDATION'],
  ['lists in lists without an end', nested.slice(0, bytes / 2), 'VALIDATION'],
  ['a list', `[${'1,'.repeat(bytes / 2)}1]`, 'VALIDATION'],
  ['a long cursor', `{"topics":["a"],"cursor":"${'A'.repeat(bytes)}"}`, 'CURSOR_MALFORMED'],
  ['a list for a cursor', `{"topics":["a"],"cursor":[${'1,'.repeat(bytes / 2 - 20)}1]}`, 'CURSOR_MALFORMED'],
  ['a long number', `{"topics":["a"],"wait":${'9'.repeat(bytes)}}`, 'WAIT_VALUE'],
  ['a property with a long name', `{"topics":["a"],"${'k'.repeat(bytes)}":1}`, 'PARAMETER_UNKNOWN'],
]

function messages(text: string): string {
  return `{"messages":[${text}]}`
}

/** Of several messages that are published at once there may be 8 MB. */
const lists: [what: string, body: string, code: string][] = [
  ['a list of numbers', messages(`${'1,'.repeat(3_900_000)}1`), 'VALIDATION'],
  ['a list of objects', messages(`${'{},'.repeat(2_600_000)}{}`), 'TOPIC_NAME'],
  ['too many messages', messages(`${'{"topic":"a","data":1},'.repeat(300_000)}1`), 'MESSAGE_COUNT'],
  ['too many messages, and no end', `{"messages":[${'{"topic":"a","data":1},'.repeat(300_000)}`, 'MESSAGE_COUNT'],
  ['properties that nobody knows', messages(`{"topic":"a","data":1,${properties(300_000)}}`), 'VALIDATION'],
  ['lists in lists', messages(`{"topic":"a","data":${'['.repeat(3_000_000)}`), 'MESSAGE_TOO_LARGE'],
  ['a long text', messages(`{"topic":"a","data":"${'x'.repeat(8_000_000)}"}`), 'MESSAGE_TOO_LARGE'],
  ['a text for a list', `{"messages":"${'x'.repeat(8_000_000)}"}`, 'VALIDATION'],
  ['a long number', messages(`{"topic":"a","data":${'1'.repeat(8_000_000)}}`), 'MESSAGE_TOO_LARGE'],
  ['blanks', messages(' '.repeat(8_000_000)), 'VALIDATION'],
  ['a long topic', messages(`{"data":1,"topic":"${'x'.repeat(8_000_000)}"}`), 'MESSAGE_TOO_LARGE'],
]

describe('what is refused', () => {
  let served: Served

  beforeAll(async () => {
    served = await Served.start(['--client-limits', 'off', '--admin-token', 'admin'])
  })
  afterAll(() => served[Symbol.asyncDispose]())

  const headers = { host: 'localhost', 'content-type': 'application/json', authorization: 'Bearer admin' }
  const refuse = (payload: string | Buffer, url = '/poll') =>
    served.app.http.inject({ method: 'POST', url, headers, payload })

  it.each(bodies)('costs a few times what parsing it costs, or less: %s', async (_what, body, code) => {
    // What is made of too many parts is not even parsed.
    const usual = code === 'VALIDATION' ? listOf('"a"') : body
    const bytesOfUsual = Buffer.from(usual)
    const parsing = await best(() => JSON.parse(bytesOfUsual.toString()))
    expect((await refuse(body)).json()).toMatchObject({ statusCode: 400, code: `ENCKE_ERR_${code}` })
    expect(await best(() => refuse(body))).toBeLessThan(parsing * 5 + 15)
  })

  it.each(lists)(
    'costs no more than a few times what decoding it costs, as several messages: %s',
    async (_, body, code) => {
      const bytesOfList = Buffer.from(body)
      const decoding = await best(() => bytesOfList.toString())
      expect((await refuse(bytesOfList, '/publish')).json()).toMatchObject({ code: `ENCKE_ERR_${code}` })
      expect(await best(() => refuse(bytesOfList, '/publish'))).toBeLessThan(decoding * 5 + 50)
    },
  )

  it.each([
    ['nothing but what is none', Buffer.alloc(bytes, 0xff), 0],
    ['what is none at the end', Buffer.concat([Buffer.from('\uFFFD'.repeat(160_000)), Buffer.of(0xff)]), 480_000],
    ['half a character at the end', Buffer.concat([Buffer.from('ü'.repeat(250_000)), Buffer.of(0xc3)]), 500_000],
    ['what is none in the middle', Buffer.concat([Buffer.from('💥'), Buffer.of(0x80), Buffer.from('€€')]), 4],
    ['too many bytes of a character', Buffer.concat([Buffer.from('a€'), Buffer.of(0x80, 0x80, 0x80, 0x80)]), 4],
  ])('costs little when it is no text, and says where: %s', async (_what, body, at) => {
    const reply = await refuse(body)
    expect(reply.json().message).toContain(` at ${at} are no character`)
    expect(await best(() => refuse(body))).toBeLessThan(10)
  })

  it('costs little in a query, a cookie, and among the benchmarks', async () => {
    const { http } = served.app
    const queries = ['topic=a&'.repeat(15_000), properties(15_000).replaceAll(/["1]/g, ''), 'wait=1&'.repeat(15_000)]
    for (const query of queries) {
      const ask = () => http.inject({ url: `/messages?${query.replaceAll(',', '&').replaceAll(':', '=')}`, headers })
      expect((await ask()).statusCode).toBe(400)
      expect(await best(ask)).toBeLessThan(25)
    }
    const benchmark = await refuse(`{${properties(4_000)}}`, '/admin/benchmarks/chain')
    expect(benchmark.statusCode).toBe(400)
  })

  it('is repeated as far as a message shows it, and not looked at further', () => {
    let looked = 0
    const counting = (value: unknown): unknown =>
      new Proxy(value as object, {
        get: (target, name, self) => {
          looked += 1
          return Reflect.get(target, name, self)
        },
      })
    const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])
    expect(clip(counting({ a: Array.from({ length: 100_000 }, () => 1) }))).toMatch(/^\{"a":\[1,1,1.*…$/)
    expect(clip(deep(1_000))).toBe(`${'['.repeat(60)}…`)
    expect(clip(Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`p${at}`, counting({})])))).toMatch(/…$/)
    expect(looked).toBeLessThan(200)
  })
})

/** The least processor time that some work took, in milliseconds: other processes do not count. */
async function best(work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 15; round += 1) {
    const before = process.threadCpuUsage()
    await work()
    const { user, system } = process.threadCpuUsage(before)
    least = Math.min(least, (user + system) / 1_000)
  }
  return least
}

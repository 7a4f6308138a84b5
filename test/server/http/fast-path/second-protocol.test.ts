// The fast path serves any protocol whose polls repeat: here one that is made up, of numbered lines. Its polls vary two
// parameters, its replies two headers, and a guard of its own lets clients in for a time.

import { once } from 'node:events'
import { connect } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Coroutine, Latch, Scheduler } from '../../../../runtime/index.ts'
import { Admission, Admissions } from '../../../../server/access/admission.ts'
import { ClientIdentity } from '../../../../server/access/client-identity.ts'
import { Keyring } from '../../../../server/access/keyring.ts'
import { inCoroutine } from '../../../../server/http/coroutine-handler.ts'
import { FastPath } from '../../../../server/http/fast-path/fast-path.ts'
import { PreparedReplies, type PreparedReply } from '../../../../server/http/fast-path/prepared-reply.ts'
import { rawRequest } from '../live-app.ts'
import { until, Wire } from '../served.ts'

let app: FastifyInstance
let wire: Wire
let lines: string[]
let more: Latch
let now: number
let waiting: number
let wholeWay: number
let judged: string[]
let refuses: boolean

beforeEach(async () => {
  lines = []
  more = new Latch()
  now = 0
  waiting = 0
  wholeWay = 0
  judged = []
  refuses = false
  app = fastify() as unknown as FastifyInstance
  const scheduler = new Scheduler()
  const identity = new ClientIdentity(false)
  const admissions = new Admissions(app, {
    identity,
    keyring: new Keyring({ publishKey: undefined, subscribeKey: undefined, adminToken: 'unused' }),
    observer: { began: () => {}, repeated: () => {} },
    clock: () => now,
    readmit: () => fastPath.readmit(),
  })
  const fastPath = new FastPath({ scheduler, server: app.server, admissions, isOff: () => false })
  // The guard: added here, and nowhere else.
  admissions.add({
    onRequest: (request, _reply, done) => {
      judged.push('by Fastify')
      request.admission = new Admission(request.admission.client, request.admission.rights, now + 1_000, () => now)
      done(refuses ? Object.assign(new Error('refused'), { statusCode: 403 }) : undefined)
    },
    mayRepeat: () => !refuses,
    countRepeat: () => void judged.push('by its bytes'),
  })
  app.server.on('request', () => {
    wholeWay += 1
  })

  const family = (kind: string) =>
    new PreparedReplies({ headers: { 'x-kind': kind }, varying: ['x-next', 'x-turn'], isLast: () => false })
  const [news, none] = [family('news'), family('none')]
  function* follow(offset: number, turn: number): Coroutine<PreparedReply> {
    const values = () => [String(lines.length), String(turn + 1)]
    if (turn % 10 === 9) return none.of('', values())
    waiting += 1
    while (lines.length <= offset) yield* more.wait()
    waiting -= 1
    return news.of(lines.slice(offset).join('\n'), values())
  }
  const begin = ([offset, turn]: readonly string[]) =>
    /^\d+$/.test(`${offset}${turn}`) ? follow(Number(offset), Number(turn)) : null

  app.get<{ Querystring: { offset: string; turn: string } }>(
    '/lines',
    inCoroutine(scheduler, function* (request, reply) {
      const { offset, turn } = request.query as { offset: string; turn: string }
      const recognised = fastPath.recognise(request.raw, { offset, turn })
      const prepared = yield* fastPath.underWay(request)?.reply() ?? follow(Number(offset), Number(turn))
      const head = prepared.sendTo(reply)
      if (head) fastPath.answered(request.raw, reply.raw, recognised, { admission: request.admission, head, begin })
      return reply
    }),
  )
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  wire = new Wire(socket)
})

afterEach(async () => {
  wire[Symbol.dispose]()
  await app.close()
})

const request = (offset: number | string, turn: number | string) =>
  rawRequest('GET', `/lines?live=long&offset=${offset}&x=y&turn=${turn}`)

function write(line: string): void {
  lines.push(line)
  const before = more
  more = new Latch()
  before.open()
}

async function ask(offset: number | string, turn: number | string): Promise<string> {
  await wire.write(request(offset, turn))
  return wire.replyText()
}

/** Let the next poll be one that repeats. */
async function warm(): Promise<void> {
  write('first')
  for (const turn of [0, 1]) await ask(0, turn)
  wholeWay = 0
  judged = []
}

/** How Fastify answers it on a connection of its own. */
async function elsewhere(offset: number, turn: number): Promise<string> {
  const { port } = app.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  using other = new Wire(socket)
  await other.write(request(offset, turn))
  return await other.replyText()
}

describe('a protocol with two parameters that vary, and two headers', () => {
  it('is answered by its bytes, as Fastify would', async () => {
    await warm()
    for (let turn = 2; turn < 8; turn += 1) {
      write(`line ${turn}, ${'x'.repeat(turn * 2_000)}`)
      const reply = await ask(turn - 1, turn)
      expect(wholeWay).toBe(0)
      expect(reply).toContain(`\r\nx-next: ${turn}\r\nx-turn: ${turn + 1}\r\n`)
      expect(reply).toBe(await elsewhere(turn - 1, turn))
      wholeWay = 0
    }
  })

  it('waits, and is woken', async () => {
    await warm()
    await wire.write(request(1, 5))
    await until(() => waiting === 1)
    write('second')
    expect(await wire.replyText()).toMatch(/x-next: 2\r\nx-turn: 6\r\n.*\r\n\r\nsecond$/s)
    expect(wholeWay).toBe(0)
  })

  it('has replies of another kind, whose first one Fastify makes', async () => {
    await warm()
    const kinds = []
    for (let turn = 2; turn < 30; turn += 1) kinds.push(/x-kind: (\w+)/.exec(await ask(0, turn))?.[1])
    expect(kinds.filter((kind) => kind === 'none')).toHaveLength(3)
    expect(kinds.map((kind, at) => kind === 'none' && (at + 2) % 10)).toContain(9)
    // The first of its kind, and one more that is recognised again after it.
    expect(wholeWay).toBeLessThanOrEqual(2)
    const made = wholeWay
    for (let turn = 30; turn < 60; turn += 1) await ask(0, turn)
    expect(wholeWay).toBe(made)
  })

  it.each([
    [0, 'x'],
    ['', ''],
    ['0%30', 3],
  ])('is answered by Fastify where its values do not fit: %s, %s', async (offset, turn) => {
    await warm()
    await wire.write(request(offset, turn))
    await until(() => wholeWay === 1)
  })

  it('keeps what it is when something comes behind it', async () => {
    await warm()
    await wire.write(request(1, 5))
    await until(() => waiting === 1)
    await wire.write('\r\n')
    await until(() => wholeWay === 1)
    expect([waiting, judged]).toEqual([1, ['by its bytes']])
    write('second')
    expect(await wire.replyText()).toContain('x-turn: 6')
  })
})

describe('a guard that is added in one place', () => {
  it('is asked of what Fastify answers and of what repeats', async () => {
    write('first')
    for (let turn = 0; turn < 5; turn += 1) await ask(0, turn)
    expect(judged).toEqual(['by Fastify', 'by Fastify', 'by its bytes', 'by its bytes', 'by its bytes'])
  })

  it('refuses what repeats', async () => {
    await warm()
    refuses = true
    expect(await ask(0, 3)).toContain('HTTP/1.1 403')
    expect(judged).toEqual(['by Fastify'])
  })

  it('lets in for a time: then it is asked again', async () => {
    await warm()
    await ask(0, 3)
    now += 999
    await ask(0, 4)
    now += 1
    await ask(0, 5)
    await ask(0, 6)
    expect(judged).toEqual(['by its bytes', 'by its bytes', 'by Fastify', 'by its bytes'])
  })
})

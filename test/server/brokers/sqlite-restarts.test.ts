import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { VirtualHost } from '../../../runtime/index.ts'
import type { OpenBrokerOptions } from '../../../server/brokers/open-broker.ts'
import { FileFormatError, migrate } from '../../../server/brokers/sqlite/schema.ts'
import type { Broker, Creation } from '../../../server/hub/index.ts'
import { jsonType } from '../../../server/hub/index.ts'
import { draftOf, publishOne } from './conformance.ts'
import { answered, closeBroker, Folder, openFailing, openFailingFile, openOn } from './make-sqlite.ts'

const plain: Creation = { contentType: jsonType, lifetime: null, messages: [], isClosed: false }
const everything = { messages: 1_000, bytes: 1_000_000 }
const dayMs = 86_400_000

let host: VirtualHost
let scheduler: Scheduler
let folder: Folder
let broker: Broker

beforeEach(() => {
  host = new VirtualHost()
  scheduler = host.scheduler({ deadlock: 'ignore' })
  folder = new Folder()
})

afterEach(async () => {
  await closeBroker(broker)
  folder[Symbol.dispose]()
  expect(host.reported).toEqual([])
})

async function open(options: OpenBrokerOptions = {}): Promise<void> {
  broker = await openOn(host, scheduler, folder.file(), options)
}

async function reopen(options: OpenBrokerOptions = {}): Promise<void> {
  await closeBroker(broker)
  await open(options)
}

/** Close nothing, and go on with a copy: as after the end of the process. */
async function crash(options: OpenBrokerOptions = {}): Promise<void> {
  const name = folder.file(`copy-${Math.random()}.db`)
  for (const end of ['', '-wal']) copyFileSync(folder.file() + end, name + end)
  await closeBroker(broker)
  broker = await openOn(host, scheduler, name, options)
}

function play<T>(body: () => Coroutine<T>): Promise<T> {
  return host.play(scheduler.run(body))
}

const publish = (topic: string, data: string) => play(() => publishOne(broker, topic, data))
const append = (topic: string, given: Partial<Parameters<Broker['append']>[1]>) =>
  play(function* () {
    return yield* broker.append(topic, { messages: [draftOf('1')], ...given })
  })
const inform = (topic: string) =>
  play(function* () {
    return yield* broker.inform(topic)
  })
const dataOf = (topic: string, from = 1) =>
  play(function* () {
    return (yield* broker.history(topic, from, everything)).messages.map(({ data }) => data)
  })
const create = (topic: string, creation: Partial<Creation> = {}) =>
  play(function* () {
    return yield* broker.create(topic, { ...plain, ...creation })
  })
const fork = (source: string, topic: string) =>
  play(function* () {
    return yield* broker.fork(source, 'head', topic, {})
  })

/** Let time pass, and what is done from time to time be done. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5_000) {
    host.advance(Math.min(left, 5_000))
    await answered(host, scheduler)
  }
}

/** An open database would be written to when it is collected. */
function execute(file: string, sql: string): void {
  const database = new DatabaseSync(file)
  database.exec(sql)
  database.close()
}

describe.each(['after it was closed', 'after a crash'])('%s a file has', (how) => {
  const again = (options: OpenBrokerOptions = {}) => (how === 'after a crash' ? crash(options) : reopen(options))

  it('every message, with its id and time, in the same epoch and segment, and goes on counting', async () => {
    await open()
    const first = await publish('a', '1')
    await publish('a', '"é😀"')
    const before = await inform('a')
    await again()
    expect(await inform('a')).toEqual(before)
    expect(broker.statistics()).toEqual({ topics: 1, messages: 2, bytes: 9 })
    const next = await publish('a', '3')
    expect([next.message.offset, next.epoch]).toEqual([3, first.epoch])
    expect(await dataOf('a')).toEqual(['1', '"é😀"', '3'])
    expect((await inform('a'))?.segments).toEqual(before?.segments)
  })

  it('keys, producers, a writer’s mark and what was closed', async () => {
    await open()
    const key = { text: 'k', bodyHash: 'h' }
    const producer = { id: 'p', epoch: 3, sequence: 0 }
    const told = await append('a', { key, producer, sequence: 'm' })
    await append('b', { close: true })
    await again()
    expect(await append('a', { key })).toMatchObject({
      outcome: 'replayed',
      receipts: 'receipts' in told && told.receipts,
    })
    expect(await append('a', { producer })).toMatchObject({ outcome: 'duplicate', producerSequence: 0 })
    expect(await append('a', { sequence: 'l' })).toMatchObject({ reason: { what: 'sequence' } })
    expect(await append('b', {})).toMatchObject({ reason: { what: 'closed' } })
  })

  it('topics that were created, their lifetimes, bytes and forks, and no topic that was removed', async () => {
    await open()
    await create('a', { contentType: 'application/octet-stream', messages: [draftOf(Uint8Array.of(0, 255))] })
    await create('short', { lifetime: { ttlMs: 10_000 } })
    await create('until', { lifetime: { expiresAt: host.now() + 10_000 } })
    await fork('a', 'fork')
    await publish('gone', '1')
    await play(function* () {
      yield* broker.remove('gone')
      yield* broker.remove('a')
    })
    await again()
    expect(await dataOf('fork')).toEqual([Uint8Array.of(0, 255)])
    expect(await inform('a')).toMatchObject({ isRemoved: true })
    expect(await inform('gone')).toBeNull()
    expect(await inform('short')).toMatchObject({ lifetime: { ttlMs: 10_000 } })
    host.advance(12_000)
    expect([await inform('short'), await inform('until')]).toEqual([null, null])
  })

  it('no more history than its bounds, and none of what was trimmed is left in it', async () => {
    const options = { historyMessages: 10 }
    await open(options)
    for (let number = 1; number <= 40; number += 1) await publish('a', `${number}`)
    await again(options)
    expect(await dataOf('a')).toEqual(Array.from({ length: 10 }, (_, index) => `${index + 31}`))
    await closeBroker(broker)
    await open(options)
    await closeBroker(broker)
    const kept = new DatabaseSync(folder.file()).prepare('SELECT count(*) AS n FROM messages').get() as { n: number }
    expect(kept.n).toBe(10)
    await open(options)
  })
})

describe('what may have lost its newest messages', () => {
  it.each([
    ['normal', 2],
    ['off', 2],
    ['full', 1],
  ] as const)(
    'after a crash with durability %s has %i segments once it is written to again',
    async (durability, count) => {
      await open({ durability })
      const { epoch } = await publish('a', '1')
      await crash({ durability })
      expect((await inform('a'))?.segments).toHaveLength(1)
      expect(await publish('a', '2')).toMatchObject({ epoch, message: { offset: 2 } })
      const segments = (await inform('a'))?.segments ?? []
      expect(segments).toHaveLength(count)
      expect(segments.at(-1)).toMatchObject({ first: count })
      await publish('a', '3')
      expect((await inform('a'))?.segments).toEqual(segments)
    },
  )

  it('begins no segment when it was closed in order', async () => {
    await open({ durability: 'off' })
    await publish('a', '1')
    await reopen({ durability: 'off' })
    await publish('a', '2')
    expect((await inform('a'))?.segments).toHaveLength(1)
  })
})

describe('a file', () => {
  const refusal = (file = folder.file()) =>
    openOn(host, scheduler, file).then(
      (opened) => closeBroker(opened).then(() => 'it was opened'),
      (error: { code?: string; complaints?: string[] }) => `${error.code}: ${error.complaints?.join('\n')}`,
    )

  it('is made with its folder, and neither can be read by others', async () => {
    const file = folder.file('some/where/encke.db')
    broker = await openOn(host, scheduler, file)
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
    expect([mode(folder.file('some/where')), mode(file), mode(`${file}-wal`)]).toEqual(['700', '600', '600'])
  })

  it('is served by one broker at a time; the other is told which process has it, and what to give', async () => {
    await open()
    const complaint = await refusal()
    expect(complaint).toContain(
      `ENCKE_ERR_BROKER: ${folder.file()} is in use by the process ${process.pid}: stop that one`,
    )
    expect(complaint).toContain('--broker sqlite:<file> (or ENCKE_BROKER)')
    await publish('a', '1')
  })

  it('that is damaged, of another program, of a newer version or a folder is refused in one line, and not touched', async () => {
    await open()
    await publish('a', '1')
    await closeBroker(broker)
    const bytes = readFileSync(folder.file())
    const cases: [name: string, make: (file: string) => void, complaint: RegExp][] = [
      [
        'text',
        (file) => writeFileSync(file, 'no database at all, but long enough to be one'.repeat(30)),
        /is damaged, or no database/,
      ],
      ['cut', (file) => writeFileSync(file, bytes.subarray(0, 9_000)), /is damaged/],
      [
        'zeroed',
        (file) => writeFileSync(file, Buffer.concat([bytes.subarray(0, 4_096), Buffer.alloc(bytes.length - 4_096)])),
        /is damaged/,
      ],
      [
        'other',
        (file) => execute(file, 'CREATE TABLE t (a)'),
        /is a database of another program: give another file with --broker/,
      ],
      [
        'newer',
        (file) => {
          writeFileSync(file, bytes)
          execute(file, 'PRAGMA user_version = 99')
        },
        /was written by a newer version: it has format 99, and this version of Encke knows \d+ at most; start the newer version, or give another/,
      ],
      ['folder', (file) => mkdirSync(file), /is a folder/],
    ]
    for (const [name, make, complaint] of cases) {
      const file = folder.file(name)
      make(file)
      const before = name === 'folder' ? undefined : readFileSync(file)
      const said = await refusal(file)
      expect(said).toMatch(/^ENCKE_ERR_BROKER: [^\n]*$/)
      expect(said).toMatch(complaint)
      if (before !== undefined) expect([name, readFileSync(file).equals(before)]).toEqual([name, true])
    }
    await open()
    expect(await dataOf('a')).toEqual(['1'])
  })

  it('has a clock of its own: when that of the machine is set nothing expires early or late', async () => {
    let shift = 10 * dayMs
    const clock = () => host.now() + shift
    await open({ clock, historyAgeMs: 60_000 })
    await create('short', { lifetime: { ttlMs: 10_000 } })
    await publish('a', '1')
    await publish('a', '2')
    const key = { text: 'k', bodyHash: 'h' }
    await append('b', { key })
    for (const jumped of [9, -9]) {
      shift += jumped * dayMs
      await pass(3_000)
      expect(await append('b', { key })).toMatchObject({ outcome: 'replayed' })
      expect([await dataOf('a'), (await inform('short'))?.head]).toEqual([['1', '2'], 0])
    }
    await pass(70_000)
    expect([await dataOf('a'), await inform('short')]).toEqual([['2'], null])
    await pass(600_000)
    expect(await append('b', { key })).toMatchObject({ outcome: 'appended' })
  })

  it('goes on with its clock where it stood, when that of the machine was set back before a start', async () => {
    let shift = 10 * dayMs
    const clock = () => host.now() + shift
    await open({ clock })
    await pass(60_000)
    const key = { text: 'k', bodyHash: 'h' }
    await append('a', { key })
    shift -= 9 * dayMs
    await reopen({ clock })
    expect(await append('a', { key })).toMatchObject({ outcome: 'replayed' })
    await pass(700_000)
    expect(await append('a', { key })).toMatchObject({ outcome: 'appended' })
  })

  it('drops as many bytes as it has dropped, whatever was too old meanwhile', async () => {
    await open({ historyBytes: 1_000, historyAgeMs: 60_000 })
    const kept = async () => (await dataOf('a')).reduce((sum: number, data) => sum + (data as string).length, 0)
    const publishMany = async (count: number, size: number) => {
      for (let each = 0; each < count; each += 1) await publish('a', 'x'.repeat(size))
    }
    await publishMany(11, 95)
    await pass(50_000)
    await publishMany(5, 10)
    // What was first is too old now, and goes by itself.
    await pass(30_000)
    expect(broker.statistics()).toMatchObject({ messages: 5, bytes: 50 })
    await publish('a', 'x'.repeat(970))
    expect(broker.statistics()).toMatchObject({ messages: 4, bytes: 1_000 })
    expect(await kept()).toBe(1_000)
  })

  it('needs a name', async () => {
    await open()
    expect(await openOn(host, scheduler, '').catch(String)).toContain('names no file')
    expect(await openOn(host, scheduler, '//host/file').catch(String)).toContain('is a network address')
  })

  it.runIf(process.getuid?.() === 0)('that may not be written to is refused', async () => {
    await open()
    await closeBroker(broker)
    const program = `
      import { openBroker } from ${JSON.stringify(new URL('../../../server/brokers/open-broker.ts', import.meta.url).href)}
      process.setuid(65534)
      await openBroker(${JSON.stringify(`sqlite:${folder.file()}`)}).then(() => console.log('opened'), (error) => console.log(error.message))`
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    expect(said).toMatch(/cannot be opened .*EACCES.*give this process the right to/)
    await open()
  })

  it.runIf(process.platform === 'linux')(
    'in a folder that nobody can make is refused, and not looked for without end',
    async () => {
      for (const file of ['/proc/none/x.db', '/proc/none/deeper/x.db', '/dev/null/x.db']) {
        const said = await openOn(host, scheduler, file).catch(String)
        expect(said).toMatch(/cannot be opened \((ENOENT|ENOTDIR|EEXIST)[^)]*\): give another file/)
      }
    },
  )

  it('of an older format becomes one of this, step by step, or stays what it was', () => {
    const database = new DatabaseSync(':memory:')
    const steps = ['CREATE TABLE one (a); INSERT INTO one VALUES (1)', 'ALTER TABLE one ADD COLUMN b DEFAULT 2']
    migrate(database, steps.slice(0, 1))
    migrate(database, steps)
    migrate(database, steps)
    expect(database.prepare('SELECT * FROM one').get()).toEqual({ a: 1, b: 2 })
    const broken = [...steps, 'CREATE TABLE two (a); CREATE TABLE one (a)']
    expect(() => migrate(database, broken)).toThrow('already exists')
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 })
    expect(database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'two'").get()).toBeUndefined()
    expect(() => migrate(database, steps.slice(0, 1))).toThrow(FileFormatError)
  })
})

describe('a disk that is full', () => {
  it('takes nothing back from those who wrote with what it refuses: their keys are remembered', async () => {
    const options = { scheduler, clock: () => host.now(), now: () => host.now(), idempotencyKeys: 3, historyBytes: 1e6 }
    broker = await openFailingFile(folder.file(), { seed: 1, pages: 60 }, options)
    const keyed = (text: string) => append('a', { key: { text, bodyHash: 'h' } })
    for (const text of ['1', '2', '3']) {
      const [written, refused] = await Promise.allSettled([keyed(text), publish('b', 'x'.repeat(300_000))])
      expect(written).toMatchObject({ value: { outcome: 'appended' } })
      expect(refused).toMatchObject({ reason: { code: 'ENCKE_ERR_SERVER_DISK' } })
    }
    for (const text of ['1', '2', '3']) expect(await keyed(text)).toMatchObject({ outcome: 'replayed' })
  })

  it('refuses what needs room with 507, and readers and removals go on', async () => {
    broker = await openFailing(host, scheduler, folder.file(), { seed: 1, pages: 60 })
    const large = `"${'x'.repeat(20_000)}"`
    let count = 0
    const failure = await (async () => {
      for (; count < 100; count += 1) await publish('a', large)
    })().catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'ENCKE_ERR_SERVER_DISK' })
    expect(count).toBeGreaterThan(3)
    expect(broker.health).toMatchObject({ isOk: false, reason: expect.stringContaining('full') })
    expect(await dataOf('a')).toHaveLength(count)
    expect((await inform('a'))?.head).toBe(count)
    await play(function* () {
      yield* broker.remove('a')
    })
    await answered(host, scheduler)
    await expect
      .poll(() =>
        publish('b', large).then(
          () => 'published',
          () => 'refused',
        ),
      )
      .toBe('published')
    expect(broker.health).toEqual({ isOk: true })
  })
})

it('a process is told in one line that another has the file', async () => {
  await open()
  const main = new URL('../../../server/main.ts', import.meta.url).pathname
  const words = [main, '--port', '0', '--broker', `sqlite:${folder.file()}`]
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  expect([status, stderr]).toEqual([2, expect.stringMatching(/^encke: .* is in use by the process \d+: [^\n]*\n$/)])
})

// encke export, import and backup, on files of brokers that are served and that are not.

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { backup } from '../../../server/cli/backup.ts'
import { exportCommand } from '../../../server/cli/export.ts'
import { importCommand } from '../../../server/cli/import.ts'
import { Folder } from '../brokers/make-sqlite.ts'
import { Served } from '../http/served.ts'
import { Running, runCommand } from './run.ts'

let folder: Folder
let served: Served

const from = () => ['--broker', `sqlite:${folder.file()}`]
const to = () => ['--broker', `sqlite:${folder.file('other.db')}`]

beforeEach(async () => {
  folder = new Folder()
  served = await Served.start([...from(), '--history-messages', '2000'])
})

afterEach(async () => {
  await served[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

/** Two separators of lines that JSON may have as they are, a message of two bytes that are no text, and many small ones. */
const separators = 'a\u2028b\u2029c\rd'

async function fill(): Promise<void> {
  await served.publish('chat', separators)
  const messages = Array.from({ length: 1_500 }, (_, n) => ({ topic: 'many', data: n }))
  await served.post('/publish', { messages })
  const headers = { 'content-type': 'application/octet-stream', 'stream-closed': 'true' }
  await served.send('PUT', '/v1/stream/bytes', { headers, body: Uint8Array.of(0, 255) })
}

async function readOther(use: (other: Served) => Promise<void>): Promise<void> {
  await using other = await Served.start([...to(), '--history-messages', '2000'])
  await use(other)
}

describe('encke export and import', () => {
  it('take the topics of a file that is served to another broker, through a pipe, whatever their messages hold', async () => {
    await fill()
    const exported = await runCommand(exportCommand, from())
    expect(exported).toMatchObject({ code: 0, err: 'exported 3 topics with 1,502 messages\n' })
    const imported = await runCommand(importCommand, [...to(), '--history-messages', '2000'], { input: exported.out })
    expect(imported).toEqual({ code: 0, out: '', err: 'imported 3 topics with 1,502 messages\n' })
    await readOther(async (other) => {
      const { messages } = (await other.get('/messages?topic=chat&from=earliest&wait=0')).json
      expect(messages).toMatchObject([{ offset: 1, data: separators }])
      expect((await other.get('/topics/many')).json).toMatchObject({ head: 1_500, oldest: 1 })
      const bytes = await other.get('/v1/stream/bytes?offset=-1')
      expect(bytes.headers).toMatchObject({ 'stream-closed': 'true', 'content-type': 'application/octet-stream' })
    })
    expect(readdirSync(folder.path).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('write and read files, which are for their owner and are never written over', async () => {
    await fill()
    const file = folder.file('topics.ndjson')
    expect(await runCommand(exportCommand, [file, ...from()])).toMatchObject({ code: 0, out: '' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const before = readFileSync(file, 'utf8')
    expect(before.split('\n').length).toBe(3 + 1_502 + 1)
    expect(await runCommand(exportCommand, [file, ...from()])).toMatchObject({
      code: 1,
      err: expect.stringContaining('is there already'),
    })
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(await runCommand(importCommand, [file, ...to()])).toMatchObject({ code: 0 })
  })

  it('drop nothing of the original, however long the server keeps it', async () => {
    await fill()
    await served[Symbol.asyncDispose]()
    const env = { ENCKE_HISTORY_MESSAGES: '1' }
    expect((await runCommand(exportCommand, from(), { env })).err).toContain('1,502 messages')
    served = await Served.start([...from(), '--history-messages', '2000'])
    expect((await served.get('/topics/many')).json).toMatchObject({ head: 1_500, oldest: 1 })
  })

  it('bound what is imported as the server bounds it', async () => {
    await fill()
    const { out } = await runCommand(exportCommand, from())
    await runCommand(importCommand, to(), { input: out, env: { ENCKE_HISTORY_MESSAGES: '10' } })
    await readOther(async (other) => {
      expect((await other.get('/topics/many')).json).toMatchObject({ head: 1_500, oldest: 1_491 })
    })
  })

  it('say which line is wrong, and which topic is there already, with exit code 1', async () => {
    const topic =
      '{"topic":"a","contentType":"application/json","retention":"bounded","lifetime":null,"closed":false}\n'
    const wrong: [string, string][] = [
      [`${topic}{"data":"1"}\nnonsense\n`, 'line 3 is no JSON object\n'],
      [`${topic}{"data":1}\n`, 'line 2 is neither a topic nor a message\n'],
      ['{"data":"1"}\n', 'line 1 is a message without a topic before it\n'],
      ['{"topic":"a"}\n', 'line 1 is no topic\n'],
      [`${topic}{"data":"{broken"}\n`, 'line 2 has data that is no JSON\n'],
      [`${topic}{"base64":"e2Jyb2tlbg=="}\n`, 'line 2 has data that is no JSON\n'],
    ]
    for (const [input, err] of wrong)
      expect(await runCommand(importCommand, to(), { input })).toMatchObject({ code: 1, err })
    const input = `${topic}{"data":"1"}`
    expect(await runCommand(importCommand, to(), { input })).toMatchObject({ code: 0 })
    const again = await runCommand(importCommand, to(), { input })
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('topic a, which is there already') })
  })

  it('refuse a file that is served to be written, one that is missing, and words that mean nothing', async () => {
    const busy = await runCommand(importCommand, from(), { input: '' })
    expect(busy).toMatchObject({ code: 2, err: expect.stringContaining(`${process.pid}`) })
    expect(await runCommand(importCommand, [folder.file('none'), ...to()])).toMatchObject({
      code: 1,
      err: expect.stringContaining('cannot be read'),
    })
    expect(existsSync(folder.file('other.db'))).toBe(false)
    const missing = await runCommand(exportCommand, ['--broker', `sqlite:${folder.file('none.db')}`])
    expect(missing).toMatchObject({ code: 2, err: expect.stringContaining('there is no ') })
    for (const command of [exportCommand, importCommand]) {
      expect(await runCommand(command, ['a', 'b'])).toMatchObject({ code: 2, err: expect.stringContaining('one file') })
      expect(await runCommand(command, ['--broker', 'memory:'])).toMatchObject({ code: 2 })
    }
    expect(readdirSync(folder.path).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('leave no half of a file when they are stopped', async () => {
    await fill()
    const file = folder.file('topics.ndjson')
    const running = new Running(exportCommand, [file, ...from()])
    running.stop()
    expect(await running.ended).toMatchObject({ code: 1, err: expect.stringContaining('it was stopped') })
    expect(existsSync(file)).toBe(false)
    const input = new PassThrough()
    const importing = new Running(importCommand, to(), { input })
    importing.stop()
    expect(await importing.ended).toMatchObject({ code: 1, err: expect.stringContaining('it was stopped') })
  })
})

describe('encke backup', () => {
  it('copies a file while it is served, to one that is new', async () => {
    await fill()
    const copy = folder.file('other.db')
    expect(await runCommand(backup, [copy, ...from()])).toEqual({ code: 0, out: '', err: `copied to ${copy}\n` })
    expect((await runCommand(backup, [copy, ...from()])).code).toBe(2)
    await served.publish('chat', 'later')
    await readOther(async (other) => {
      expect((await other.get('/topics/chat')).json).toMatchObject({ head: 1 })
    })
  })

  it('says what it needs', async () => {
    expect(await runCommand(backup, from())).toMatchObject({
      code: 2,
      err: expect.stringContaining('the file to write'),
    })
    const redis = await runCommand(backup, ['copy.db', '--broker', 'redis://127.0.0.1:6379'])
    expect(redis).toMatchObject({ code: 2, err: expect.stringContaining('encke export takes any') })
    for (const command of [backup, exportCommand, importCommand]) expect(command.help()).toContain('--broker')
  })

  it('and export take a file that somebody else has damaged for what it is', async () => {
    writeFileSync(folder.file('damaged.db'), 'no database at all, and long enough to be looked at')
    const damaged = ['--broker', `sqlite:${folder.file('damaged.db')}`]
    for (const { code, err } of [
      await runCommand(backup, [folder.file('copy.db'), ...damaged]),
      await runCommand(exportCommand, damaged),
    ]) {
      expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('is damaged, or no database') })
    }
  })
})

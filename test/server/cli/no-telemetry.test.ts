// The server asks nobody anything: no telemetry, no update check. What it connects to is what its options name.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { ServerProcess } from '../server-process.ts'

const preload = new URL('outgoing-watch.ts', import.meta.url).href
const main = fileURLToPath(new URL('../../../server/main.ts', import.meta.url))

it('a server connects to nobody and looks no name up, from its start to its end', async () => {
  await using server = await ServerProcess.serving(['--drain-pause-ms', '0'], {}, ['--import', preload])
  for (const path of ['/', '/client.js', '/openapi.json', '/metrics', '/messages?topic=a&wait=0']) {
    expect((await fetch(server.origin + path)).status).toBe(200)
  }
  await fetch(`${server.origin}/publish?topic=a`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'x',
  })
  server.kill('SIGTERM')
  expect(await server.ended).toMatchObject({ exitCode: 0, err: '' })
})

it('a command connects to the server that it is given, and to nobody else', () => {
  const words = [
    '--import',
    preload,
    main,
    'publish',
    'a',
    'x',
    '--url',
    'http://127.0.0.1:2',
    '--patience-seconds',
    '0',
  ]
  const { stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  const outgoing = stderr.split('\n').filter((line) => line.startsWith('outgoing:'))
  expect(outgoing).toEqual(['outgoing: 127.0.0.1:2'])
})

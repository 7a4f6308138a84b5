// A producer of the protocol's own client whose server is killed at any moment, on a file: whatever was acknowledged or not,
// each message is there once.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DurableStream, IdempotentProducer, stream } from '@durable-streams/client'
import { expect, it } from 'vitest'
import { until } from '../../http/served.ts'
import { ServerProcess, type Serving } from '../../server-process.ts'

const count = 120
const kills = 2

it('a producer with several appends in flight writes each message once, though its server is killed again and again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'encke-killed-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const broker = `sqlite:${join(folder, 'encke.db')}`
  const start = (port = '0') => ServerProcess.serving(['--port', port, '--client-limits', 'off', '--broker', broker])
  let server: Serving = await start()
  stack.defer(() => server[Symbol.asyncDispose]())
  const url = `${server.origin}/v1/stream/killed`
  const handle = await DurableStream.create({ url, contentType: 'application/json' })
  const errors: Error[] = []
  let [answered, cut] = [0, 0]
  /** The client leaves it to what it fetches with to send an append again when no answer came. */
  const persistently: typeof fetch = async (input, init) => {
    for (;;) {
      try {
        const reply = await fetch(input, init)
        answered += 1
        return reply
      } catch (error) {
        if (init?.signal?.aborted) throw error
        cut += 1
        await sleep(5)
      }
    }
  }
  const producer = new IdempotentProducer(handle, 'writer', {
    maxInFlight: 4,
    lingerMs: 1,
    maxBatchBytes: 40,
    fetch: persistently,
    onError: (error) => void errors.push(error),
  })
  const numbers = Array.from({ length: count }, (_, number) => number)
  const writing = (async () => {
    for (const number of numbers) {
      producer.append(JSON.stringify({ number }))
      if (number % 20 === 19) await producer.flush()
    }
    await producer.flush()
  })()
  for (let kill = 1; kill <= kills; kill += 1) {
    const enough = answered + 10
    await until(() => answered >= enough)
    server.kill('SIGKILL')
    await server.ended
    server = await start(`${server.port}`)
  }
  await writing
  expect(errors).toEqual([])
  expect(cut).toBeGreaterThan(0)
  const all = await stream<{ number: number }>({ url, live: false })
  expect((await all.json()).map(({ number }) => number)).toEqual(numbers)
})

// What `until((signal) => fetch(…))` covers: the head of a response, or all of it. On real sockets.

import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Coroutine, Task } from '../../runtime/index.ts'
import { abortSignal, run, until } from '../../runtime/index.ts'

let server: Server
let url: string
/** The responses that have a head and a piece of a body, and no end. */
let stalled: ServerResponse[]
let head: PromiseWithResolvers<void>

beforeEach(async () => {
  stalled = []
  head = Promise.withResolvers()
  server = createServer((_request, response) => {
    response.writeHead(200)
    response.write('the beginning')
    stalled.push(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

/** Cancel `task` once it has told `head` that the head of its response is there, and give the response at the server. */
async function cancelledInBody(task: Task<string>): Promise<ServerResponse> {
  task.promise.catch(() => {})
  await head.promise
  task.cancel()
  return stalled[0] as ServerResponse
}

it('an exchange that is all inside is stopped by a cancel in the middle of its body', async () => {
  const task = run(function* (): Coroutine<string> {
    return yield* until(async (signal) => {
      const response = await fetch(url, { signal })
      head.resolve()
      return response.text()
    })
  })
  const response = await cancelledInBody(task)
  await once(response, 'close')
  expect(response.writableFinished).toBe(false)
})

it('so is one that was given the signal of its scope', async () => {
  const task = run(function* (): Coroutine<string> {
    const response = yield* until(fetch(url, { signal: abortSignal() }))
    head.resolve()
    return yield* until(response.text())
  })
  const response = await cancelledInBody(task)
  await once(response, 'close')
  expect(response.writableFinished).toBe(false)
})

it('one that ends with the head is not: its body goes on, and nobody waits for it', async () => {
  let rest: Promise<string> | undefined
  const task = run(function* (): Coroutine<string> {
    const response = yield* until((signal) => fetch(url, { signal }))
    rest = response.text()
    head.resolve()
    return yield* until(rest)
  })
  const response = await cancelledInBody(task)
  await task.promise.catch(() => {})
  response.end(', and the end')
  expect([await rest, task.status]).toEqual(['the beginning, and the end', 'cancelled'])
})

// The requests of the chat as its panel shows them, with replies that come whole, are cut off, or are given up.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { Wire } from '../../public/chat/wire.js'
import { until } from '../server/http/live-app.ts'

/** A reply that comes in pieces, and may break off in its middle. */
function replyOf(begin: (stream: ReadableStreamDefaultController<Uint8Array>) => void): void {
  vi.stubGlobal('location', { href: 'http://127.0.0.1/' })
  vi.stubGlobal('fetch', async () => new Response(new ReadableStream({ start: begin })))
}

const half = new TextEncoder().encode('{"messages":[1,2],"curs')
const rest = new TextEncoder().encode('or":"c"}')

async function endOf(wire: Wire) {
  await until('it ends', () => wire.exchanges[0]?.state !== 'under way')
  const { state, status, messages, next, topics, cursor, wait } = wire.exchanges[0] ?? {}
  return { state, status, messages, next, topics, cursor, wait }
}

describe('a request on the wire', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('is answered once its reply is whole, and says where that leads', async () => {
    replyOf((stream) => {
      stream.enqueue(half)
      stream.enqueue(rest)
      stream.close()
    })
    const wire = new Wire(() => {})
    await wire.fetch('/messages?topic=a&topic=b&cursor=b&wait=0')
    const told = { topics: ['a', 'b'], cursor: 'b', wait: 0, messages: 2, next: 'c' }
    expect(await endOf(wire)).toEqual({ ...told, state: 'answered', status: 200 })
  })

  it('is given up, and not answered, when the page gives it up in the middle of its reply', async () => {
    const abort = new AbortController()
    replyOf((stream) => {
      stream.enqueue(half)
      abort.signal.addEventListener('abort', () => stream.error(abort.signal.reason))
    })
    const wire = new Wire(() => {})
    await wire.fetch('/messages?topic=a', { signal: abort.signal })
    abort.abort()
    expect(await endOf(wire)).toMatchObject({ state: 'given up', messages: 0, next: '' })
  })

  it('has failed when its reply breaks off', async () => {
    const broken = Promise.withResolvers<void>()
    replyOf((stream) => {
      stream.enqueue(half)
      broken.promise.then(() => stream.error(new TypeError('cut')))
    })
    const wire = new Wire(() => {})
    await wire.fetch('/messages?topic=a')
    broken.resolve()
    expect(await endOf(wire)).toMatchObject({ state: 'failed', messages: 0, next: '' })
    expect(wire.heard).toBe(0)
  })
})

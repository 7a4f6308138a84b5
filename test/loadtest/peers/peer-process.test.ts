import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { PeerProcess } from '../../../loadtest/peers/peer-process.ts'

const fake = fileURLToPath(new URL('fake-peer.ts', import.meta.url))
const hasProc = existsSync('/proc/self/status')
const command = (...how: string[]) => ({ program: process.execPath, words: [fake, ...how], variables: {} })

describe("a peer's process", () => {
  it('says what it is, and answers order by order', async () => {
    await using peer = await PeerProcess.start(command('echoes'))
    expect(peer.system).toBe('a fake, version 1')
    expect(await peer.order(['run', 3, 'chain', 100], 10_000)).toEqual({ order: 'run 3 chain 100' })
    expect(await peer.order(['park', 5], 10_000)).toEqual({ order: 'park 5' })
  })

  it('fails an order that is answered with an error, and goes on', async () => {
    await using peer = await PeerProcess.start(command('fails', '5'))
    await expect(peer.order(['run'], 10_000)).rejects.toThrow('the ball is lost')
    expect(await peer.order(['run'], 10_000)).toMatchObject({ wallMs: 5 })
  })

  it('fails an order under way when it ends, and every later one', async () => {
    await using peer = await PeerProcess.start(command('dies'))
    await expect(peer.order(['run'], 10_000)).rejects.toThrow('it ended with 9: it had nothing to say')
    await expect(peer.order(['run'], 10_000)).rejects.toThrow('it ended with 9')
  })

  it('is ended when an order takes too long', async () => {
    await using peer = await PeerProcess.start(command('hangs'))
    await expect(peer.order(['run'], 50)).rejects.toThrow('it took longer than 0.05 s')
    await expect(peer.order(['run'], 10_000)).rejects.toThrow('it took longer than 0.05 s')
  })

  it.runIf(hasProc)('does not go on in the background then', async () => {
    await using peer = await PeerProcess.start(command('hangs'))
    expect(peer.peakBytes).toBeGreaterThan(0)
    await expect(peer.order(['run'], 50)).rejects.toThrow('longer')
    await vi.waitFor(() => expect(peer.peakBytes).toBeUndefined(), { timeout: 10_000 })
  })

  it('fails an answer that cannot be read', async () => {
    await using peer = await PeerProcess.start(command('babbles'))
    await expect(peer.order(['run'], 10_000)).rejects.toThrow(SyntaxError)
  })

  it('cannot be started when it ends at once, or is not there', async () => {
    await expect(PeerProcess.start(command('ends'))).rejects.toThrow('it ended with 3: cannot begin')
    const missing = { program: 'no-such-program', words: [], variables: {} }
    await expect(PeerProcess.start(missing)).rejects.toThrow(/no-such-program.*ENOENT/)
  })

  it.runIf(hasProc)('knows how much memory it has had, until it has ended', async () => {
    const peer = await PeerProcess.start(command('1'))
    expect(peer.peakBytes).toBeGreaterThan(10 * 2 ** 20)
    await peer[Symbol.asyncDispose]()
    expect(peer.peakBytes).toBeUndefined()
  })
})

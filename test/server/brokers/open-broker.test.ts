import { describe, expect, it } from 'vitest'
import { run } from '../../../runtime/index.ts'
import { type Broker, buildApp, ConfigError, openBroker } from '../../../server/index.ts'
import { ServerProcess } from '../server-process.ts'
import { draftOf, publishOne } from './conformance.ts'

describe('a broker is opened by its address', () => {
  it('in memory, with the options that it is given and its own work in the background', async () => {
    const broker = await openBroker('memory:', { historyMessages: 2 })
    const slice = await run(function* () {
      for (const data of ['1', '2', '3']) yield* broker.append('a', { messages: [draftOf(data)] })
      return yield* broker.history('a', 1, { messages: 10, bytes: 1_000 })
    }).promise
    expect(slice.messages.map(({ data }) => data)).toEqual(['2', '3'])
    await closed(broker)
  })

  it.each([
    ['mysql://user:secret@host/db', 'there is no broker for an address that begins with mysql:; give one of memory:'],
    ['data/encke.db', 'there is no broker for an address without a scheme; give one of memory:'],
    ['memory:here', 'the memory broker takes nothing behind its scheme'],
  ])('%s is refused in one line, which does not repeat a password', async (address, complaint) => {
    const error = await openBroker(address).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({
      code: 'ENCKE_ERR_BROKER',
      exitCode: 2,
      complaints: [expect.stringContaining(complaint)],
    })
    expect(String(error)).not.toContain('secret')
  })

  it('options that do not fit are complained about, all of them', async () => {
    await expect(openBroker('memory:', { historyMessages: 0, maxTopics: -1 })).rejects.toMatchObject({
      code: 'ENCKE_ERR_CONFIG',
      complaints: [expect.stringContaining('historyMessages'), expect.stringContaining('maxTopics')],
    })
  })
})

describe('a server', () => {
  it('opens the broker that its configuration names, and closes it', async () => {
    const app = await buildApp({ broker: 'memory:', logLevel: 'silent' })
    expect(app.broker.answersAtOnce).toBe(true)
    await app.close()
  })

  it('does not close a broker that it was given', async () => {
    const broker = await openBroker('memory:')
    const app = await buildApp({ logLevel: 'silent' }, { broker })
    await app.close()
    await run(function* () {
      yield* publishOne(broker, 'a', '1')
    }).promise
    expect(broker.statistics().messages).toBe(1)
    await closed(broker)
  })

  it.each(['mysql://user:secret@host', 'memory:here'])(
    'that cannot open %s says so in one line, ends with 2, and says no password',
    async (address) => {
      await using server = new ServerProcess(['--port', '0', '--broker', address])
      const { exitCode, out, err } = await server.ended
      expect({ exitCode, out, lines: err.trim().split('\n').length }).toEqual({ exitCode: 2, out: '', lines: 1 })
      expect(err).toMatch(/^encke: .*memory:/)
      expect(err).not.toContain('secret')
    },
  )
})

function closed(broker: Broker): Promise<void> {
  return run(function* () {
    yield* broker.close()
  }).promise
}

import { describe, expect, it } from 'vitest'
import { run, VirtualHost } from '../../../runtime/index.ts'
import { fanIn } from '../../../runtime/programs/fan-in.ts'

describe('the fan-in', () => {
  it.each([
    { channels: 1, messages: 1_000 },
    { channels: 1_000, messages: 1 },
    { channels: 30, messages: 30 },
  ])('receives $messages from each of $channels channels', async ({ channels, messages }) => {
    const host = new VirtualHost()
    const result = await host.play(host.scheduler().run(fanIn, { channels, messages }))
    expect(result).toMatchObject({ received: channels * messages, closed: channels })
  })

  it.each(['channels', 'messages'])('refuses 0 %s', async (name) => {
    const options = { channels: 1, messages: 1, [name]: 0 }
    await expect(run(fanIn, options).promise).rejects.toThrow(
      new RangeError(`${name} must be a whole number from 1 (got 0)`),
    )
  })
})

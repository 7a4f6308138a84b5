import { describe, expect, it } from 'vitest'
import { hostBehind, hostForRequests } from '../../../server/process/hosts.ts'

function log(): { readonly lines: string[]; line(text: string): () => void } {
  const lines: string[] = []
  return { lines, line: (text) => () => lines.push(text) }
}

const ignore = () => {}

describe('the host for requests', () => {
  it('runs coroutines after everything else that came in the same turn', async () => {
    const { lines, line } = log()
    const host = hostForRequests(ignore)
    await new Promise<void>((resolve) => {
      host.soon(() => {
        line('a coroutine')()
        resolve()
      })
      queueMicrotask(() => {
        line('the next request of the same turn')()
        queueMicrotask(line('its microtask'))
      })
    })
    expect(lines).toEqual(['the next request of the same turn', 'its microtask', 'a coroutine'])
  })

  it('tells of failures as it was told to', () => {
    const reported: unknown[] = []
    hostForRequests((error) => reported.push(error)).report('a failure')
    expect(reported).toEqual(['a failure'])
  })
})

describe('the host behind it', () => {
  it.each(['soon', 'later'] as const)(
    'lets requests go first that come after what it was asked for (%s)',
    async (when) => {
      const { lines, line } = log()
      const requests = hostForRequests(ignore)
      const behind = hostBehind(requests)
      await new Promise<void>((resolve) => {
        behind[when](() => {
          line('a slice')()
          resolve()
        })
        requests.soon(line('a request'))
      })
      expect(lines).toEqual(['a request', 'a slice'])
    },
  )

  it('goes on with nobody else there', async () => {
    await new Promise<void>((resolve) => hostBehind(hostForRequests(ignore)).later(resolve))
  })
})

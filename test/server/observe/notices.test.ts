import { describe, expect, it } from 'vitest'
import { Notices } from '../../../server/observe/notices.ts'

function rig() {
  const lines: string[] = []
  const log = {
    info: (_: object, line: string) => lines.push(`info ${line}`),
    warn: (_: object, line: string) => lines.push(`warn ${line}`),
  }
  const clock = { ms: 0 }
  return { lines, clock, notices: new Notices(log, () => clock.ms) }
}

describe('a notice', () => {
  it('of a limit comes at once, and then at most every ten seconds with how many there were', () => {
    const { lines, clock, notices } = rig()
    for (let at = 0; at < 1_000; at += 1) {
      clock.ms = at * 15
      notices.refused('ENCKE_ERR_CLIENT_RATE', '10.0.0.1')
    }
    expect(lines).toEqual([
      'warn a limit is reached: 1 request refused with ENCKE_ERR_CLIENT_RATE, the last from 10.0.0.1',
      'warn a limit is reached: 667 requests refused with ENCKE_ERR_CLIENT_RATE, the last from 10.0.0.1',
    ])
  })

  it('of one kind does not hold back another', () => {
    const { lines, notices } = rig()
    notices.refused('ENCKE_ERR_CLIENT_WAITING', 'a')
    notices.refused('ENCKE_ERR_SERVER_WAITING', undefined)
    notices.refused('ENCKE_ERR_PUBLISH_KEY', 'b')
    expect(lines).toEqual([
      'warn a limit is reached: 1 request refused with ENCKE_ERR_CLIENT_WAITING, the last from a',
      'warn a limit is reached: 1 request refused with ENCKE_ERR_SERVER_WAITING',
      'warn a key or token is missing or wrong: 1 request refused with ENCKE_ERR_PUBLISH_KEY, the last from b',
    ])
  })

  it('is not made of what clients get wrong every day, nor of a server that drains', () => {
    const { lines, notices } = rig()
    for (const code of [
      'ENCKE_ERR_NOT_FOUND',
      'ENCKE_ERR_TOPIC_NAME',
      'ENCKE_ERR_SERVER_DRAINING',
      'ENCKE_ERR_SERVER_BROKER',
    ] as const) {
      notices.refused(code, 'a')
    }
    expect(lines).toEqual([])
  })

  it('says when the broker is lost and when it is back, once each', () => {
    const { lines, clock, notices } = rig()
    const failing = { isOk: false, since: 1, reason: 'no connection' } as const
    for (const health of [{ isOk: true }, failing, failing, { isOk: true }, { isOk: true }] as const) {
      notices.look(health)
      clock.ms += 1_500
    }
    expect(lines).toEqual(['warn the broker is lost: no connection', 'info the broker is back after 3 s'])
  })
})

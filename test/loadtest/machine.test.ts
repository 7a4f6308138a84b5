import { describe, expect, it } from 'vitest'
import { busyText, describeMachine, parseTicks, watchMachine } from '../../loadtest/measure/machine.ts'

const calm = { cores: 2, loadBefore: 0.4, stolenShare: 0, othersShare: 0.01 }

describe('a machine that is watched', () => {
  it('has nothing to be warned of when it was quiet', () => {
    expect(busyText(calm)).toEqual([])
  })

  it.each([
    [{ loadBefore: 1.2 }, 'a load of 1.2 before the test on 2 cores'],
    [{ othersShare: 0.3 }, '30.0 % of its processor time went to other processes'],
    [{ stolenShare: 0.02 }, '2.0 % of its processor time was stolen by other machines'],
  ])('says in one line that it was busy: %j', (busy, reason) => {
    expect(busyText({ ...calm, ...busy })).toEqual([
      `WARNING: the machine was busy, so take these figures with care: ${reason}.`,
    ])
  })

  it('is read from the ticks of the system and of the process', () => {
    const system = 'cpu  100 10 50 800 20 3 7 10 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n'
    const self = '42 (a (b) c) S 1 1 1 0 -1 0 0 0 0 0 11 12 13 14 20 0\n'
    expect(parseTicks(system, self)).toEqual({ all: 1_000, busy: 160, stolen: 10, own: 50 })
  })

  it('gives shares between nothing and everything', () => {
    const { loadBefore, stolenShare, othersShare } = watchMachine(describeMachine())()
    expect(loadBefore).toBeGreaterThanOrEqual(0)
    for (const share of [stolenShare, othersShare]) {
      expect(share).toBeGreaterThanOrEqual(0)
      expect(share).toBeLessThanOrEqual(1)
    }
  })
})

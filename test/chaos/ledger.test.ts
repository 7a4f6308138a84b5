import { describe, expect, it } from 'vitest'
import { type Heard, judge, type Observations } from './ledger.ts'
import { reportOf } from './report.ts'

const acknowledged = [1, 2, 3].map((number) => ({ topic: 'a', publisher: 'p', number, at: number }))
const kept = new Map([['a', new Set(['p/1', 'p/2', 'p/3'])]])

function heard(...numbers: number[]): Observations {
  const told: Heard[] = numbers.map((number) => ({ publisher: 'p', number, at: number + 5 }))
  return { acknowledged, readers: [{ name: 'r', heard: new Map([['a', told]]), verdicts: [] }], kept }
}

describe('the ledger', () => {
  it('is content when each acknowledged message was heard once and in order', () => {
    expect(judge(heard(1, 2, 3))).toEqual({
      failures: [],
      lostByRedis: [],
      cameAgain: [],
      longestMs: 5,
      deliveries: 3,
    })
  })

  it('finds a message that was not heard, heard twice, out of order, or too late', () => {
    expect(judge(heard(1, 3)).failures).toEqual(['r never heard p/2 of a'])
    expect(judge(heard(1, 2, 2, 3)).failures).toEqual(['r heard p/2 of a twice'])
    expect(judge(heard(2, 1, 3)).failures).toEqual(['r heard p/1 of a after 2'])
    const late = heard(1, 2, 3)
    const told = late.readers[0]?.heard.get('a') as unknown as { at: number }[]
    ;(told[2] as { at: number }).at = 40_000
    expect(judge(late).failures).toEqual(['r heard p/3 of a 39997 ms late'])
    const readers = late.readers.map((reader) => ({ ...reader, away: [{ from: 3, until: 39_990 }] }))
    expect(judge({ ...late, readers })).toMatchObject({ failures: [], longestMs: 10 })
  })

  it('counts apart what Redis itself has lost, of which its readers must have been told, unless they had heard it', () => {
    const kept = new Map([['a', new Set(['p/1', 'p/2'])]])
    expect(judge({ ...heard(1, 2, 3), kept })).toMatchObject({ failures: [], lostByRedis: ['p/3 of a'] })
    const told = (verdict: string, missed: number | null) => {
      const lost = heard(1, 2)
      const readers = lost.readers.map((reader) => ({ ...reader, verdicts: [{ topic: 'a', verdict, missed }] }))
      return judge({ ...lost, readers, kept }).failures
    }
    expect(judge({ ...heard(1, 2), kept }).failures).toEqual(['r was told of 0 lost messages of a, not of 1'])
    expect([told('gap', 1), told('reset', null)]).toEqual([[], []])
    expect(told('gap', 0)).toEqual(['r was told of 0 lost messages of a, not of 1'])
  })

  it('counts apart what was published again because Redis had lost it: no other message is heard twice', () => {
    const judged = (ids: readonly string[], keptIds: readonly string[]) => {
      const told = [1, 2, 2, 3].map((number, at) => ({ publisher: 'p', number, at: number + 5, id: ids[at] as string }))
      const readers = [{ name: 'r', heard: new Map([['a', told]]), verdicts: [] }]
      return judge({ acknowledged, readers, kept, keptIds: new Set(keptIds) })
    }
    const ids = ['a', 'lost', 'again', 'd']
    expect(judged(ids, ['a', 'again', 'd'])).toMatchObject({ failures: [], cameAgain: ['p/2 of a'] })
    expect(judged(ids, ['a', 'lost', 'again', 'd'])).toMatchObject({
      failures: ['r heard p/2 of a twice'],
      cameAgain: [],
    })
    expect(judged(['a', 'same', 'same', 'd'], ['a', 'd']).failures).toEqual(['r heard p/2 of a twice'])
  })
})

describe('the report', () => {
  it('says how long a fault was felt, and every failure', () => {
    const felt = [{ fault: 'x', refused: 2, refusedMs: 1_234, longestMs: 40, p99Ms: 4, herd: [0, 5, 1], told: 0 }]
    const text = reportOf({ felt, verdicts: [{ kind: 'single', ...judge(heard(1, 3)) }] })
    expect(text).toContain('| x | 2 | 1.2 s | 4 ms | 40 ms | 0 |')
    expect(text).toContain('at most 5 in 0.1 s')
    expect(text).toContain('single: 1 FAILURES; 2 deliveries')
    expect(text).toContain('r never heard p/2 of a')
  })
})

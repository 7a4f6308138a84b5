import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Player, Program } from '../../../loadtest/price/rounds.ts'
import { measureParked, measureTimes, playerOf } from '../../../loadtest/price/rounds.ts'

const fake = fileURLToPath(new URL('../peers/fake-peer.ts', import.meta.url))
const program: Program = { name: 'chain', size: 1_000, answer: 7 }

/** It answers with these wall times, one after the other, the last for ever. */
function player(name: string, ...ms: (number | string)[]): Player {
  return { name, command: { program: process.execPath, words: [fake, ...ms.map(String)], variables: {} } }
}

function options(rounds: number, budgetMs = 60_000) {
  const shown: string[] = []
  return { rounds, budgetMs, shown, show: (text: string) => void shown.push(text) }
}

describe('the rounds', () => {
  it('give nanoseconds for each unit of the size, one figure for each round', async () => {
    const given = options(3)
    const players = [player('a', 200, 200, 200, 31, 32, 33), player('b', 200, 200, 200, 61, 62, 63)]
    expect(await measureTimes(program, players, given)).toEqual([
      [31_000, 32_000, 33_000],
      [61_000, 62_000, 63_000],
    ])
    expect(given.shown.slice(0, 3)).toEqual(['chain: a warms up', 'chain: b warms up', 'chain: round 1 of 3'])
  })

  it('play what is short several times for one figure', async () => {
    const [figures] = await measureTimes(program, [player('a', 50, 150)], options(1))
    expect(figures).toEqual([150_000_000 / (3 * 1_000)])
  })

  it('let sit out who has spent its time, and who is slow warm up less', async () => {
    const [figures] = await measureTimes(program, [player('a', 600, 700, 800)], options(4, 1_500))
    expect(figures).toEqual([700_000, 800_000, undefined, undefined])
  })

  it('take no wrong answer for a time', async () => {
    await expect(measureTimes(program, [player('a', 'lies')], options(1))).rejects.toThrow(
      'a fake, version 1: chain should give 7 (got 8)',
    )
  })

  it('measure memory for each coroutine, in a process of its own each time, three times at most', async () => {
    expect(await measureParked(100, [player('a', 45_000, 1)], options(2))).toEqual([[450, 450]])
    expect(await measureParked(100, [player('a', 45_000)], options(9))).toEqual([[450, 450, 450]])
  })

  it('play the variants themselves, on the flags of npm start', async () => {
    const ladder = ['bare', 'encke'].map((name) => playerOf({ name }))
    expect(ladder[0]?.command.words.join(' ')).toMatch(/--max-semi-space-size=\d+ .*variant-process\.ts bare$/)
    const played = await measureTimes({ name: 'ping-pong', size: 100, answer: 200 }, ladder, options(1))
    expect(played.flat().every((figure) => Number(figure) > 0)).toBe(true)
    const bytes = (await measureParked(10_000, ladder, options(1))).flat()
    expect(bytes.every((figure) => Number(figure) > 150 && Number(figure) < 1_500)).toBe(true)
  })
})

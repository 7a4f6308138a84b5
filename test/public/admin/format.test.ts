import { describe, expect, it } from 'vitest'
import { bytes, clock, compact, count, duration, plural, rate } from '../../../public/admin/format.js'

describe('numbers of the dashboard', () => {
  it.each([
    [null, '–'],
    [0, '0 ms'],
    [0.0421, '42.1 µs'],
    [0.5, '500 µs'],
    [Math.PI, '3.14 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [12_340, '12.3 s'],
    [59_990, '59.9 s'],
    [60_000, '1 min'],
    [61_500, '1 min 1 s'],
    [3_600_000, '1 h'],
    [5_400_000, '1 h 30 min'],
    [86_400_000, '1 d'],
    [100_000_000, '1 d 3 h'],
  ])('write %s milliseconds as %s', (ms, words) => {
    expect(duration(ms)).toBe(words)
  })

  it.each([
    [0, '0 B'],
    [1023, '1,020 B'],
    [1024, '1 KiB'],
    [123_456_789, '118 MiB'],
    [5 * 1024 ** 4, '5 TiB'],
    [5 * 1024 ** 5, '5,120 TiB'],
  ])('write %s bytes as %s', (value, words) => {
    expect(bytes(value)).toBe(words)
  })

  it.each([
    [0, '0'],
    [0.04, '0'],
    [0.25, '0.3'],
    [9.96, '10'],
    [1234.5, '1,235'],
  ])('write %s a second as %s', (value, words) => {
    expect(rate(value)).toBe(words)
  })

  it('are short on an axis and whole in a sentence', () => {
    expect(compact(12_345)).toBe('12.3K')
    expect(count(12_345.6)).toBe('12,346')
    expect([plural(1, 'reader'), plural(2, 'reader'), plural(0, 'wait', 'waits')]).toEqual([
      '1 reader',
      '2 readers',
      '0 waits',
    ])
  })

  it('tell the time to the second', () => {
    expect(clock(new Date(2026, 10, 30, 3, 4, 5).getTime())).toBe('03:04:05')
  })
})

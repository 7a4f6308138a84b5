import { afterEach, describe, expect, it, vi } from 'vitest'
import { ReplyHead } from '../../../../server/http/fast-path/reply-head.ts'

const head = [
  'HTTP/1.1 200 OK',
  'x-next: 12',
  'content-type: text/plain',
  'content-length: 345',
  'Date: Tue, 14 Nov 2023 22:13:20 GMT',
  'Connection: keep-alive',
  'X-Turn: 6',
  '',
  '',
].join('\r\n')

function headOf(varying: readonly string[] = []): ReplyHead {
  const made = ReplyHead.of(head, varying)
  if (made === undefined) throw new Error('it is not known')
  return made
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a head', () => {
  it('has the length, the date and the values of its own reply', () => {
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.UTC(2024, 1, 29, 12, 0, 1))
    expect(headOf(['x-turn', 'x-next']).text(7, ['sixteen', '13'])).toBe(
      head
        .replace('345', '7')
        .replace('Tue, 14 Nov 2023 22:13:20 GMT', 'Thu, 29 Feb 2024 12:00:01 GMT')
        .replace('X-Turn: 6', 'X-Turn: sixteen')
        .replace('x-next: 12', 'x-next: 13'),
    )
    // The clock may be set back: the date goes by it.
    now.mockReturnValue(Date.UTC(2023, 10, 14, 22, 13, 20))
    expect(headOf().text(345, [])).toBe(head)
  })

  it.each([
    ['no length', head.replace('content-length', 'x-length'), []],
    ['no date', head.replace('Date', 'x-date'), []],
    ['two dates', head.replace('x-next', 'date'), []],
    ['two of a header that varies', head.replace('x-next', 'x-turn'), ['x-turn']],
    ['none of a header that varies', head, ['x-other']],
  ])('that has %s is not known', (_, text, varying) => {
    expect(ReplyHead.of(text, varying)).toBeUndefined()
  })
})

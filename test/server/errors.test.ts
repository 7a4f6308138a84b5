import { readFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { clip, EnckeError, type ErrorCode, errorBody, errorTable } from '../../server/errors.ts'

const codes = (Object.keys(errorTable) as ErrorCode[]).sort(
  (a, b) => errorTable[a].statusCode - errorTable[b].statusCode,
)

describe('the table of errors', () => {
  it('is the table in docs/protocol.md, row by row, in both directions', () => {
    const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')
    const section = text.split(/^## /m).find((part) => part.startsWith('Errors\n')) ?? ''
    const documented = section.split('\n').filter((line) => line.startsWith('| `'))
    const rows = codes.map((code) => `| \`${code}\` | ${errorTable[code].statusCode} | ${errorTable[code].summary} |`)
    expect(documented).toEqual(rows)
  })

  it('has names that say what is wrong, in one spelling', () => {
    for (const code of codes) expect(code).toMatch(/^ENCKE_ERR(_[A-Z0-9]+){1,3}$/)
  })

  it('has summaries of one sentence that fit into a table', () => {
    for (const code of codes) expect(errorTable[code].summary).toMatch(/^[A-Z`][^|\n]{20,}\.$/)
  })

  it.each(codes)('%s knows the reason phrase that Node writes into the status line', (code) => {
    const body = errorBody(new EnckeError(code, 'x'))
    expect(body.error).toBe(STATUS_CODES[body.statusCode])
    expect(body.statusCode).toBe(errorTable[code].statusCode)
  })

  it('says when to come back for every 429 and 503, and for nothing else', () => {
    for (const code of codes) {
      const { statusCode, retryAfterSeconds } = new EnckeError(code, 'x')
      expect({ code, hasRetryAfter: retryAfterSeconds !== undefined }).toEqual({
        code,
        hasRetryAfter: statusCode === 429 || statusCode === 503,
      })
    }
  })
})

describe('EnckeError', () => {
  it('is an Error with its code, its status and the message as it was written', () => {
    const error = new EnckeError('ENCKE_ERR_TOPIC_NAME', 'topic must not be empty')
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'EnckeError',
      code: 'ENCKE_ERR_TOPIC_NAME',
      statusCode: 400,
      message: 'topic must not be empty',
      retryAfterSeconds: undefined,
    })
    expect(error.stack).toContain('errors.test.ts')
    expect('cause' in error).toBe(false)
  })

  it('keeps its cause', () => {
    const cause = new Error('disk')
    expect(new EnckeError('ENCKE_ERR_INTERNAL', 'x', { cause }).cause).toBe(cause)
  })

  it('rounds Retry-After up to whole seconds, because the header has no fractions and 0 would be a stampede', () => {
    const retryAfter = (retryAfterSeconds: number) =>
      new EnckeError('ENCKE_ERR_CLIENT_RATE', 'x', { retryAfterSeconds }).retryAfterSeconds
    expect([0, 0.2, 1, 1.001, 30].map(retryAfter)).toEqual([1, 1, 1, 2, 30])
  })

  it('takes only codes of the table', () => {
    expectTypeOf<'ENCKE_ERR_TOPIC_NAME'>().toExtend<ErrorCode>()
    expectTypeOf<'ENCKE_ERR_NO_SUCH_THING'>().not.toExtend<ErrorCode>()
  })
})

describe('errorBody', () => {
  it('is what Fastify would answer, and shows neither cause nor stack', () => {
    const error = new EnckeError('ENCKE_ERR_HOST', 'host must be known (got "evil.example")', { cause: 'secret' })
    expect(errorBody(error)).toEqual({
      statusCode: 421,
      code: 'ENCKE_ERR_HOST',
      error: 'Misdirected Request',
      message: 'host must be known (got "evil.example")',
    })
  })
})

describe('clip', () => {
  it('quotes a string as JSON', () => {
    expect(clip('news')).toBe('"news"')
    expect(clip('')).toBe('""')
    expect(clip('a "b" \\')).toBe('"a \\"b\\" \\\\"')
  })

  it('cuts a long string and says how long it was', () => {
    expect(clip('x'.repeat(60))).toBe(`"${'x'.repeat(60)}"`)
    expect(clip('x'.repeat(61))).toBe(`"${'x'.repeat(60)}"… (61 characters)`)
  })

  it('cuts neither a surrogate pair nor an escape in two', () => {
    expect(clip(`${'x'.repeat(59)}😀`)).toBe(`"${'x'.repeat(59)}"… (61 characters)`)
    expect(clip(`${'x'.repeat(57)}\n`)).toBe(`"${'x'.repeat(57)}"… (58 characters)`)
  })

  it('writes out what would break the line, steer a terminal or hide', () => {
    expect(clip('a\r\nb')).toBe('"a\\u000d\\u000ab"')
    expect(clip('\u001b[2J\u009b')).toBe('"\\u001b[2J\\u009b"')
    expect(clip('\u202e\u2028\ud800')).toBe('"\\u202e\\u2028\\ud800"')
  })

  it('shows what is not a string as well', () => {
    expect(clip(121)).toBe('121')
    expect(clip(Number.NaN)).toBe('NaN')
    expect(clip(10n)).toBe('10')
    expect(clip(undefined)).toBe('undefined')
    expect(clip(null)).toBe('null')
    expect(clip(['a', 1])).toBe('["a",1]')
    expect(clip(() => 1)).toBe('a function')
    expect(clip({ text: 'x'.repeat(100) })).toBe(`{"text":"${'x'.repeat(51)}…`)
    expect(clip({ toJSON: () => undefined })).toBe('undefined')
  })

  it('never throws, also for values that resist', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    const hostile = new Proxy({}, { get: () => assertNever(), ownKeys: () => assertNever() })
    const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`)
    for (const value of [cycle, hostile, { big: 1n }, Object.create(null), Symbol('s'), deep]) {
      expect(clip(value)).toMatch(/^.{1,100}$/)
    }
  })

  it('is short, on one line and printable for anything', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), anyUnits(200)), (value) => {
        expect(clip(value)).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{1,90}$/u)
      }),
    )
  })

  it('gives strings back that JSON.parse reads as what was given, as long as they are short', () => {
    fc.assert(
      fc.property(anyUnits(10), (text) => {
        expect(JSON.parse(clip(text))).toBe(text)
      }),
    )
  })
})

/** Strings of any UTF-16 units, lone surrogates among them. */
function anyUnits(maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.nat(0xffff), { maxLength }).map((units) => String.fromCharCode(...units))
}

function assertNever(): never {
  throw new Error('hostile')
}

// A server, as the commands see it: requests that are asked again while the server is away, and refusals in its own words.

import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from './command.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface Question {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

export interface ConnectionOptions {
  readonly url: string
  readonly token: string | undefined
}

/** The longest pause between two tries, in milliseconds. */
const longestPauseMs = 30_000

/** Worth asking again: too much for now, or nobody there behind a proxy, or an outcome that a key makes harmless. */
const passing = new Set([408, 429, 502, 503, 504])

export class Connection {
  readonly url: string
  readonly #token: string | undefined

  constructor({ url, token }: ConnectionOptions) {
    this.url = url
    this.#token = token
  }

  /** Ask once. @throws TypeError when there is no answer, or half of one */
  async ask(path: string, { method = 'GET', headers = {}, body, signal }: Question = {}): Promise<Answer> {
    const reply = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }), ...headers },
      body: body ?? null,
      cache: 'no-store',
      redirect: 'manual',
      ...(signal && { signal }),
    })
    return { status: reply.status, headers: reply.headers, text: await reply.text() }
  }

  /**
   * Ask until there is an answer that counts, for at most `patienceMs` without one. `onTrouble` is told why it is asked again.
   *
   * @throws Failure when the server refuses, or has not answered for so long
   */
  async askOn(
    path: string,
    question: Question,
    patienceMs: number,
    onTrouble: (why: string) => void = () => {},
  ): Promise<Answer> {
    const begunMs = performance.now()
    for (let tries = 0; ; tries += 1) {
      const { answer, why } = await this.#try(path, question)
      if (answer !== undefined && answer.status < 300) return answer
      if (answer !== undefined && !passing.has(answer.status)) throw new Failure(why)
      const pauseMs = pauseAfter(tries, answer)
      if (performance.now() - begunMs + pauseMs > patienceMs)
        throw new Failure(`${why}; gave up after ${tries + 1} ${tries === 0 ? 'try' : 'tries'}`)
      onTrouble(why)
      await sleep(pauseMs, undefined, { ...(question.signal && { signal: question.signal }) })
    }
  }

  async #try(path: string, question: Question): Promise<{ answer?: Answer; why: string }> {
    try {
      const answer = await this.ask(path, question)
      return { answer, why: answer.status < 300 ? '' : reasonIn(answer) }
    } catch (error) {
      if (question.signal?.aborted) throw error
      return { why: `${this.url} does not answer (${causeOf(error)})` }
    }
  }
}

/** What the server says is wrong, on one line. */
function reasonIn({ status, text }: Answer): string {
  try {
    const { code, message } = JSON.parse(text) as { code?: string; message?: string }
    if (code !== undefined && message !== undefined) return `${status} ${code}: ${message}`
  } catch {
    // Not one of ours: a proxy's page.
  }
  return `${status}, and the answer is not Encke's: is something else at this address, or in front of it?`
}

/** Why there was no answer: fetch itself says no more than that it failed. */
export function causeOf(error: unknown): string {
  const { cause, message } = error as Error
  const { code } = (cause ?? error) as NodeJS.ErrnoException
  return code ?? (cause as Error | undefined)?.message ?? message
}

/** At random, so that clients who were cut off together do not come back together; later the more often it failed. */
function pauseAfter(tries: number, answer: Answer | undefined): number {
  const seconds = Number(answer?.headers.get('retry-after'))
  const most = Math.min(250 * 2 ** tries, longestPauseMs)
  return Math.max(seconds > 0 ? seconds * 1_000 : 0, 50) + Math.random() * most
}

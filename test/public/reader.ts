// A reader for the tests of the client: what one subscription hears. And what answers it where no server does: `fetch`
// that answers from a list, with timers that ring by hand.

import { onTestFinished } from 'vitest'
import { createClient } from '../../public/client.js'
import { until } from '../server/http/live-app.ts'
import { HandTimers } from './hand-timers.ts'

export type Client = ReturnType<typeof createClient>
export type Options = NonNullable<Parameters<Client['subscribe']>[2]>
export type State = Parameters<NonNullable<Options['onState']>>[0]
export type Verdict = Parameters<NonNullable<Options['onVerdict']>>[0]

/** Back-off without delay: for tests against real servers, which need no mercy. */
export const eager = { random: () => 0.0001 }

export class Reader {
  readonly data: unknown[] = []
  readonly states: State[] = []
  readonly verdicts: Verdict[] = []
  readonly subscription: ReturnType<Client['subscribe']>

  constructor(client: Client, topics: string | string[], options: Options = {}) {
    onTestFinished(() => client.close())
    this.subscription = client.subscribe(topics, (messages) => this.data.push(...messages.map(({ data }) => data)), {
      onState: (state) => this.states.push(state),
      onVerdict: (verdict) => this.verdicts.push(verdict),
      ...options,
    })
  }

  get state(): string | undefined {
    return this.states.at(-1)?.name
  }

  untilState(name: State['name']): Promise<void> {
    return until(name, () => this.state === name)
  }

  untilRead(count: number): Promise<void> {
    return until(`${count} messages`, () => this.data.length >= count)
  }
}

/** `fetch` that writes down what it is asked. */
export function recording(asked: URL[]): typeof fetch {
  return (input, init) => {
    asked.push(new URL(String(input)))
    return fetch(input, init)
  }
}

/** `fetch` that answers from a list, and never more than that. */
export function answering(answers: (() => Response | Promise<Response>)[], asked: URL[] = []): typeof fetch {
  return (input, init) => {
    asked.push(new URL(String(input), 'http://127.0.0.1'))
    const answer = answers.shift()
    return answer === undefined ? untilAborted(init?.signal) : Promise.resolve().then(answer)
  }
}

function untilAborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
}

export function batch(messages: unknown[] = [], more = {}): () => Response {
  return () => Response.json({ messages, cursor: 'c', more: false, topics: {}, ...more })
}

export const broken = () => Promise.reject(new TypeError('cut'))

export function byHand(fetch: typeof globalThis.fetch, more: object = {}) {
  const timers = new HandTimers()
  const { setTimeout, clearTimeout, now } = timers
  const own = {
    fetch,
    now,
    setTimeout: setTimeout as never,
    clearTimeout: clearTimeout as never,
    random: () => 0.5,
    tabs: false,
    ...more,
  }
  return { timers, client: createClient(own) }
}

/** A small generator of its own, so that a seed means the same everywhere. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

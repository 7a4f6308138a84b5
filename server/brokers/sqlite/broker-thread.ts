// A thread of the broker, as the event loop sees it: what is asked in one turn is posted together, and answered in order.
//
// Always true: each question is answered once, in the order they were asked, or fails once the thread has ended; what
// `onReply` does is done in the order of the answers, before whoever has asked goes on.

import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { EnckeError } from '../../errors.ts'
import type { Moment, Posted, Replies, Reply } from './requests.ts'

/** What becomes of a question: `onReply` and then one of the others, or `reject` alone. */
export interface Question {
  readonly onReply: (reply: Reply) => void
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** The young generation of a thread in megabytes: it holds requests and rows, and little of it for long. */
const youngMegabytes = 16

/** Give the script `name` beside the file at `url`: `.ts` in the checkout, `.js` in a published package. */
export function scriptBeside(name: string, url: string): URL {
  return new URL(`./${name}${extname(url)}`, url)
}

/** How requests and answers travel. */
export interface Packing<Request> {
  pack(posted: Posted<Request>): unknown
  unpack(replies: unknown): Replies
}

const asTheyAre: Packing<unknown> = { pack: (posted) => posted, unpack: (replies) => replies as Replies }

export class BrokerThread<Request extends { readonly what: string }, Results> {
  readonly #worker: Worker
  readonly #onReplies: (replies: Replies) => void
  /** Those without an answer, in order. No map: one that has outgrown its table keeps what it had in it until a full collection. */
  readonly #questions: Question[] = []
  #number = 0
  #posting: unknown[] = []
  readonly #packing: Packing<Request>
  #ending: Error | undefined
  readonly #ended: Promise<void>
  readonly #first: Promise<unknown>

  /** @param onReplies is told of what comes, before the answers in it are given */
  constructor(
    script: URL,
    workerData: unknown,
    onReplies: (replies: Replies) => void,
    packing: Packing<Request> = asTheyAre,
  ) {
    this.#packing = packing
    this.#onReplies = onReplies
    this.#worker = new Worker(script, {
      workerData,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
    })
    this.#first = new Promise((resolve) => this.#worker.once('message', resolve))
    this.#ended = new Promise((resolve) => {
      this.#worker.once('error', (error: Error) => this.#end(error))
      this.#worker.once('exit', () => {
        this.#end(new Error('a thread of the broker has ended'))
        resolve()
      })
    })
  }

  /** Why it answers no more; undefined while it does. */
  get ending(): Error | undefined {
    return this.#ending
  }

  /** What it says first, before it is asked anything. */
  async greeting(): Promise<unknown> {
    const ended = this.#ended.then((): never => {
      throw this.#ending
    })
    const greeting = await Promise.race([this.#first, ended])
    ended.catch(() => {})
    return greeting
  }

  /** Take answers from now on. */
  listen(): void {
    this.#worker.on('message', (packed: unknown) => this.#take(packed))
  }

  /** Ask something, and give the answer. `onReply` is called when it comes, in the order of all answers. */
  ask<What extends Request['what'] & keyof Results>(
    request: Extract<Request, { readonly what: What }>,
    moment: Moment,
    onReply: (reply: Reply) => void = () => {},
  ): Promise<Results[What]> {
    return new Promise<unknown>((resolve, reject) => {
      this.put(request, moment, { onReply, resolve, reject })
    }) as Promise<Results[What]>
  }

  /** Ask something, and have `question` told what comes of it. */
  put(request: Request, moment: Moment, question: Question): void {
    if (this.#ending !== undefined) {
      question.reject(notAsked(this.#ending))
      return
    }
    if (this.#posting.length === 0) queueMicrotask(() => this.#post())
    this.#number += 1
    const posted = { number: this.#number, request, now: moment.now, clock: moment.clock }
    this.#posting.push(this.#packing.pack(posted))
    this.#questions.push(question)
  }

  /** Say something that has no answer. */
  say(word: string): void {
    this.#worker.postMessage(word)
  }

  /** Wait until it has ended by itself. */
  ended(): Promise<void> {
    return this.#ended
  }

  /** End it, whatever it does. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #post(): void {
    const posted = this.#posting
    this.#posting = []
    if (this.#ending === undefined) this.#worker.postMessage(posted)
  }

  #take(packed: unknown): void {
    // A last word is no answer.
    if (typeof packed !== 'object') return
    const replies = this.#packing.unpack(packed)
    this.#onReplies(replies)
    for (const reply of replies.replies) {
      const question = this.#questions.shift()
      if (question === undefined) continue
      question.onReply(reply)
      if (reply.failure === undefined) question.resolve(reply.result)
      else question.reject(new EnckeError(reply.failure.code, reply.failure.message))
    }
  }

  #end(error: Error): void {
    this.#ending ??= error
    for (const { reject } of this.#questions.splice(0)) reject(unanswered(this.#ending))
  }
}

/** It was never asked: whoever comes again finds another thread. */
function notAsked({ message }: Error): EnckeError {
  return new EnckeError('ENCKE_ERR_SERVER_BROKER', `the database is opened again (${message}): nothing was changed`)
}

/** Not an EnckeError: of an append it is not known what has come of it. */
function unanswered(cause: Error): Error {
  return new Error(`the broker does not answer: ${cause.message}`, { cause })
}

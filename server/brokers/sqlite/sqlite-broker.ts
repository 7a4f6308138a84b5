// The broker that keeps topics in a file: what it promises survives the process.
//
// One thread writes to the file, another reads from it, and this is what the event loop has of them. The data of a message
// goes to the writing thread and does not come back: readers are woken with what its publisher gave. Times are taken here
// and go along, so that whoever moves the clocks moves those of the file. A thread that ends is started again: until then
// what is asked of it fails, and followers are told where their topics stand once the new one knows.

import type { Coroutine, Operation, Scheduler, Task } from '../../../runtime/index.ts'
import { Deferred, sleep, until } from '../../../runtime/index.ts'
import { EnckeError } from '../../errors.ts'
import type {
  Append,
  Appended,
  Broker,
  BrokerStatistics,
  Created,
  Creation,
  Draft,
  Follower,
  ForkPoint,
  Health,
  HistoryLimits,
  ListedTopic,
  Refused,
  Slice,
  Standing,
  TopicRecord,
} from '../../hub/index.ts'
import { Message, unbornStanding } from '../../hub/index.ts'
import type { BrokerThread } from './broker-thread.ts'
import { Following } from './following.ts'
import type { MessageColumns } from './message-rows.ts'
import type {
  Greeting,
  Moment,
  ReaderRequest,
  ReaderResults,
  Replies,
  Reply,
  WriterRequest,
  WriterResults,
} from './requests.ts'

export interface SqliteBrokerParts {
  readonly scheduler: Scheduler
  /** Milliseconds since 1970. It may jump. */
  readonly clock: () => number
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
  makeWriter(onReplies: (replies: Replies) => void): BrokerThread<WriterRequest, WriterResults>
  makeReader(): BrokerThread<ReaderRequest, ReaderResults>
}

/** Of a history, what was taken over at once. */
interface Piece {
  readonly standing: Standing
  readonly messages: Message[]
}

/** Thrown when the file cannot be opened: one line about why. */
export class CannotOpen extends Error {}

/** How often what is too old is looked for, in milliseconds: more often where a topic was given a lifetime. */
const sweepEveryMs = 10_000
const sweepMortalEveryMs = 500

/** So many topics are asked about at once: others get a turn in between. */
const followedAtOnce = 1_000

/** Before a thread that has ended is started again, in milliseconds; each time that fails doubles it, up to the most. */
const firstPauseMs = 100
const mostPauseMs = 10_000

/** The most bytes of a history that are taken over from the reading thread at once. */
const pieceBytes = 256 * 1024

const roles = ['writer', 'reader'] as const
type Role = (typeof roles)[number]

export class SqliteBroker implements Broker {
  readonly answersAtOnce = false
  readonly #parts: SqliteBrokerParts
  #writer: BrokerThread<WriterRequest, WriterResults>
  #reader: BrokerThread<ReaderRequest, ReaderResults>
  readonly #following = new Following()
  /** Topics whose use is being written down. */
  readonly #touching = new Set<string>()
  #statistics: BrokerStatistics = { topics: 0, messages: 0, bytes: 0 }
  #health: Health = { isOk: true }
  /** What is added to the clock that never goes back, to make that of the file. */
  #offset = 0
  #sweeper: Task<never> | undefined
  #isClosed = false
  /** Appends that wait for their answer, which all have one hold: virtual time stands still for them. */
  #appends = 0
  #hold: Disposable | undefined
  /** The threads that have ended, and what starts them again. */
  readonly #restarts = new Map<Role, Task<void>>()
  /** The last attempt to: its file must not stay open behind a broker that is closed. */
  #starting = Promise.resolve(true)

  private constructor(parts: SqliteBrokerParts) {
    this.#parts = parts
    this.#writer = this.#makeWriter()
    this.#reader = parts.makeReader()
  }

  /** Open a file, and begin to drop what has outlived its time. @throws CannotOpen */
  static async open(parts: SqliteBrokerParts): Promise<SqliteBroker> {
    const broker = new SqliteBroker(parts)
    await broker.#open()
    return broker
  }

  get health(): Health {
    return this.#health
  }

  *append(topic: string, append: Append): Coroutine<Appended | Refused> {
    for (;;) {
      try {
        return yield* this.#append(topic, append).wait()
      } catch (error) {
        this.#makeRoom(error)
      }
    }
  }

  create(topic: string, creation: Creation): Operation<Created> {
    return this.#withRoom(() => this.#write({ what: 'create', topic, creation, isRead: this.#following.isRead(topic) }))
  }

  fork(source: string, point: ForkPoint, topic: string, creation: Partial<Creation>): Operation<Created> {
    const isRead = () => this.#following.isRead(source)
    return this.#withRoom(() => this.#write({ what: 'fork', source, point, topic, creation, isRead: isRead() }))
  }

  *remove(topic: string): Coroutine<boolean> {
    return yield* until(this.#write({ what: 'remove', topic, isRead: this.#following.isRead(topic) }))
  }

  *inform(topic: string): Coroutine<TopicRecord | null> {
    for (;;) {
      const isRead = this.#following.isRead(topic)
      const answer = yield* until(this.#read({ what: 'inform', topic, isRead }))
      if (answer !== 'expired') return answer
      yield* until(this.#write({ what: 'expire', topic, isRead }))
    }
  }

  *list(after: string, limit: number): Coroutine<readonly ListedTopic[]> {
    return yield* until(this.#read({ what: 'list', after, limit }))
  }

  *history(topic: string, from: number, limits: HistoryLimits): Coroutine<Slice> {
    const { standing, messages } = yield* this.#piece(topic, from, limits)
    // In pieces, with others in between: to take over a megabyte at once would hold everybody up.
    for (let room = roomAfter(messages, limits); ; room = roomAfter(messages, limits)) {
      const last = messages.at(-1)
      if (last === undefined || last.offset >= standing.head || room.messages <= 0 || room.bytes <= 0) break
      const piece = yield* this.#piece(topic, last.offset + 1, room)
      // A single message is given that is larger than the room; and the topic may have moved, or been trimmed, meanwhile.
      const [next] = piece.messages
      if (next?.offset !== last.offset + 1 || next.bytes > room.bytes || piece.standing.epoch !== standing.epoch) break
      for (const message of piece.messages) if (message.offset <= standing.head) messages.push(message)
    }
    return { ...standing, messages }
  }

  *#piece(topic: string, from: number, { messages, bytes }: HistoryLimits): Coroutine<Piece> {
    const limits = { messages, bytes: Math.min(bytes, pieceBytes) }
    for (;;) {
      const isRead = this.#following.isRead(topic)
      const answer = yield* until(this.#read({ what: 'history', topic, from, limits, isRead }))
      if (answer === 'expired') {
        yield* until(this.#write({ what: 'expire', topic, isRead }))
        continue
      }
      if (answer.mustTouch) this.#touch(topic)
      const { standing, messages } = answer
      return { standing, messages: messages === undefined ? [] : messagesOf(topic, messages, this.#parts.now()) }
    }
  }

  follow(topics: readonly string[], follower: Follower): void {
    for (let first = 0; first < topics.length; first += followedAtOnce) {
      this.#follow(topics.slice(first, first + followedAtOnce), follower)
    }
  }

  unfollow(topics: readonly string[], follower: Follower): void {
    const left = this.#following.leave(topics, follower)
    if (left.length > 0) this.#inBackground('leave topics', this.#write({ what: 'leave', topics: left }))
  }

  statistics(): BrokerStatistics {
    return this.#statistics
  }

  *close(): Coroutine<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#sweeper?.cancel('the broker is closed')
    for (const restart of this.#restarts.values()) restart.cancel('the broker is closed')
    yield* until(this.#starting)
    if (this.#reader.ending === undefined) this.#reader.say('close')
    yield* until(this.#reader.ended())
    // What was acknowledged is safe before: a disk that fails now keeps the file from being closed in order, no more.
    if (this.#writer.ending === undefined) this.#writer.ask({ what: 'close' }, this.#moment()).catch(() => {})
    yield* until(this.#writer.ended())
  }

  async #open(): Promise<void> {
    const greeting = (await this.#writer.greeting()) as Greeting
    if (!greeting.isOpen) {
      await Promise.all([this.#reader.terminate(), this.#writer.ended()])
      throw new CannotOpen(greeting.complaint)
    }
    const { scheduler, clock, now } = this.#parts
    // It goes on where it stood, or by the calendar, if that is later: while the server was down time has passed.
    this.#offset = Math.max(greeting.now, clock()) - now()
    this.#statistics = greeting.statistics
    for (const role of roles) this.#use(role)
    this.#sweeper = scheduler.run(() => this.#sweep())
    this.#sweeper.label = 'sweeper of the sqlite broker'
  }

  #makeWriter(): BrokerThread<WriterRequest, WriterResults> {
    return this.#parts.makeWriter((replies) => this.#note(replies))
  }

  /** Take the answers of a thread, and start another when it ends. */
  #use(role: Role): void {
    const thread = role === 'writer' ? this.#writer : this.#reader
    thread.listen()
    void thread.ended().then(() => this.#noteEnding(role, thread.ending))
  }

  #moment(): Moment {
    return { now: Math.floor(this.#offset + this.#parts.now()), clock: this.#parts.clock() }
  }

  /** Without a promise: that, and waiting for it, would cost more than everything else here. */
  #append(topic: string, append: Append): Deferred<Appended | Refused> {
    if (this.#isClosed) throw isClosedError()
    const answer = new Deferred<Appended | Refused>()
    const end = () => {
      this.#appends -= 1
      if (this.#appends > 0) return
      this.#hold?.[Symbol.dispose]()
      this.#hold = undefined
    }
    this.#appends += 1
    this.#hold ??= this.#parts.scheduler.hold('appends')
    const request: WriterRequest = { what: 'append', topic, append, isRead: this.#following.isRead(topic) }
    const takenAt = this.#parts.now()
    this.#writer.put(request, this.#moment(), {
      onReply: (reply) => this.#tell(topic, append, takenAt, reply),
      resolve: (result) => {
        answer.set(result as Appended | Refused)
        end()
      },
      reject: (error) => {
        answer.fail(error)
        end()
      },
    })
    return answer
  }

  #write<What extends WriterRequest['what']>(
    request: Extract<WriterRequest, { readonly what: What }>,
    onReply?: (reply: Reply) => void,
  ): Promise<WriterResults[What]> {
    if (this.#isClosed) return Promise.reject(isClosedError())
    return this.#writer.ask<What>(request, this.#moment(), (reply) => {
      if (onReply === undefined) this.#tellMoves(reply)
      else onReply(reply)
    })
  }

  #read<What extends ReaderRequest['what']>(
    request: Extract<ReaderRequest, { readonly what: What }>,
  ): Promise<ReaderResults[What]> {
    if (this.#isClosed) return Promise.reject(isClosedError())
    return this.#reader.ask<What>(request, this.#moment()).catch((error: unknown) => {
      // Nothing is unknown about a question: it can be asked again.
      if (error instanceof EnckeError) throw error
      throw new EnckeError('ENCKE_ERR_SERVER_BROKER', String(error), { cause: error })
    })
  }

  /** Ask again, as long as there is no room and followers give up topics that they do not need. */
  *#withRoom<T>(ask: () => Promise<T>): Coroutine<T> {
    for (;;) {
      try {
        return yield* until(ask())
      } catch (error) {
        this.#makeRoom(error)
      }
    }
  }

  /** @throws `error`, unless it says that there is no room, and a follower has given up a topic */
  #makeRoom(error: unknown): void {
    const topic = isForWantOfRoom(error) ? this.#following.relinquish() : undefined
    if (topic === undefined) throw error
    this.#inBackground('leave topics', this.#write({ what: 'leave', topics: [topic] }))
  }

  #follow(topics: readonly string[], follower: Follower): void {
    const question = this.#following.ask(topics, follower)
    const asked = topics.map((topic) => ({ topic, isRead: follower.isReading(topic) || this.#following.isRead(topic) }))
    const answered = this.#write({ what: 'follow', topics: asked }, (reply) => {
      if (reply.failure !== undefined) return
      const standings = reply.result as WriterResults['follow']
      const followed = this.#following.answer(question)
      topics.forEach((topic, index) => {
        if (followed.has(topic)) follower.located(topic, standings[index] ?? unbornStanding)
      })
      this.#tellMoves(reply)
    })
    this.#inBackground(
      'follow topics',
      answered.catch((error: unknown) => {
        for (const topic of this.#following.fail(question)) follower.notLocated(topic, error)
      }),
    )
  }

  /** What was appended is told first, unless the topic has moved before. */
  #tell(topic: string, { messages }: Append, takenAt: number, reply: Reply): void {
    const result = reply.result as Appended | Refused | undefined
    const { moves } = reply
    const arrive = () => {
      if (result?.outcome !== 'appended') return
      const { receipts, standing } = result
      const made = () =>
        receipts.map(({ offset, id, time }, at) => new Message(topic, offset, id, time, messages[at] as Draft, takenAt))
      this.#following.arrived(topic, made, standing.epoch)
    }
    if (!moves?.includes(null)) arrive()
    for (const move of moves ?? []) {
      if (move === null) arrive()
      else this.#following.moved(...move)
    }
  }

  #tellMoves({ moves }: Reply): void {
    for (const move of moves ?? []) if (move !== null) this.#following.moved(...move)
  }

  #touch(topic: string): void {
    if (this.#touching.has(topic)) return
    this.#touching.add(topic)
    const touched = this.#write({ what: 'touch', topics: [topic] }).finally(() => this.#touching.delete(topic))
    this.#inBackground('write a use down', touched)
  }

  *#sweep(): Coroutine<never> {
    for (let pauseMs = sweepMortalEveryMs; ; ) {
      yield* sleep(pauseMs)
      if (this.#writer.ending !== undefined) continue
      try {
        const { doubtful, hasMore, hasMortals } = yield* until(this.#write({ what: 'sweep' }))
        this.#decide(doubtful)
        pauseMs = hasMore ? 1 : hasMortals ? sweepMortalEveryMs : sweepEveryMs
      } catch (error) {
        if (this.#isClosed) continue
        // It is told by `health`; what is too old is looked for again later.
        if (!(error instanceof EnckeError)) this.#noteTrouble(String(error))
        pauseMs = sweepEveryMs
      }
    }
  }

  /** Of topics that expire for want of use, those that are read live on. */
  #decide(topics: readonly string[]): void {
    const read = topics.filter((topic) => this.#following.isRead(topic))
    if (read.length > 0) this.#inBackground('write a use down', this.#write({ what: 'touch', topics: read }))
    for (const topic of topics) {
      if (this.#following.isRead(topic)) continue
      this.#inBackground('let a topic expire', this.#write({ what: 'expire', topic, isRead: false }))
    }
  }

  /** Nobody waits for it; virtual time does. A failure shows in `health`. */
  #inBackground(what: string, work: Promise<unknown>): void {
    const hold = this.#parts.scheduler.hold(what)
    work
      .catch((error: unknown) => {
        if (!this.#isClosed && !(error instanceof EnckeError)) this.#noteTrouble(String(error))
      })
      .finally(() => hold[Symbol.dispose]())
  }

  #note({ statistics, trouble }: Replies): void {
    if (statistics !== undefined) this.#statistics = statistics
    if (trouble !== undefined) this.#noteTrouble(trouble)
    else if (!this.#health.isOk && this.#restarts.size === 0) this.#health = { isOk: true }
  }

  /** A thread has ended before it was told to. */
  #noteEnding(role: Role, ending: Error | undefined): void {
    if (this.#isClosed) return
    this.#noteTrouble(String(ending?.message))
    const restart = this.#parts.scheduler.run(() => this.#restart(role))
    restart.label = `restart of the ${role}`
    this.#restarts.set(role, restart)
    restart.promise.catch(() => {})
  }

  *#restart(role: Role): Coroutine<void> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, mostPauseMs)) {
      yield* sleep(pauseMs)
      if (role === 'reader') {
        this.#reader = this.#parts.makeReader()
        break
      }
      this.#starting = this.#startWriter()
      if (yield* until(this.#starting)) break
    }
    this.#use(role)
    const writer = this.#writer
    while (role === 'writer' && !(yield* this.#followAgain())) {
      // It has ended, too: another restart has begun.
      if (writer.ending !== undefined) return
      yield* sleep(mostPauseMs)
    }
    this.#restarts.delete(role)
    if (this.#restarts.size === 0) this.#health = { isOk: true }
  }

  /** False when the file cannot be opened. */
  async #startWriter(): Promise<boolean> {
    const writer = this.#makeWriter()
    const greeting = (await writer
      .greeting()
      .catch(({ message }) => ({ isOpen: false, complaint: message }))) as Greeting
    if (!greeting.isOpen) {
      await writer.ended()
      this.#noteTrouble(greeting.complaint)
      return false
    }
    this.#statistics = greeting.statistics
    this.#writer = writer
    return true
  }

  /**
   * Tell the new thread who follows what, and followers where their topics stand: what the old one did last they were not
   * told. False when it cannot be told now.
   */
  *#followAgain(): Coroutine<boolean> {
    const followed = this.#following.topics()
    const answers: Promise<unknown>[] = []
    for (let first = 0; first < followed.length; first += followedAtOnce) {
      const topics = followed.slice(first, first + followedAtOnce)
      const asked = topics.map((topic) => ({ topic, isRead: this.#following.isRead(topic) }))
      const onReply = (reply: Reply) => {
        const standings = (reply.result ?? []) as WriterResults['follow']
        standings.forEach((standing, at) => {
          this.#following.moved(topics[at] as string, standing)
        })
        this.#tellMoves(reply)
      }
      answers.push(this.#write({ what: 'follow', topics: asked }, onReply))
    }
    const results = yield* until(Promise.allSettled(answers))
    return results.every(({ status }) => status === 'fulfilled')
  }

  #noteTrouble(reason: string): void {
    const since = this.#health.isOk ? this.#parts.clock() : this.#health.since
    this.#health = { isOk: false, since, reason: `the database has failed: ${reason}` }
  }
}

function messagesOf(topic: string, columns: MessageColumns, takenAt: number): Message[] {
  const { offsets, ids, times, data, bytes } = columns
  return offsets.map((offset, at) => {
    const draft = { data: data[at] as string | Uint8Array, bytes: bytes[at] as number }
    return new Message(topic, offset, ids[at] as string, times[at] as number, draft, takenAt)
  })
}

function roomAfter(messages: readonly Message[], limits: HistoryLimits): HistoryLimits {
  const bytes = messages.reduce((left, message) => left - message.bytes, limits.bytes)
  return { messages: limits.messages - messages.length, bytes }
}

function isForWantOfRoom(error: unknown): boolean {
  return error instanceof EnckeError && ['ENCKE_ERR_SERVER_TOPICS', 'ENCKE_ERR_SERVER_HISTORY'].includes(error.code)
}

function isClosedError(): EnckeError {
  return new EnckeError('ENCKE_ERR_SERVER_BROKER', 'the broker is closed: nothing was changed')
}

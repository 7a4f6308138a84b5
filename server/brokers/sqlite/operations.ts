// What can be asked of the topics in the file, each in one step: it throws before it has changed anything, or is done whole.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { jsonType } from '../../hub/append.ts'
import { unbornStanding } from '../../hub/broker.ts'
import type {
  Append,
  Appended,
  Created,
  Creation,
  Draft,
  ForkPoint,
  Lifetime,
  Receipt,
  Refused,
  Segment,
  Standing,
} from '../../hub/index.ts'
import type { CheckedTopic } from '../append-check.ts'
import { answerWithout, producerOf } from '../append-check.ts'
import { KeyRows } from './key-rows.ts'
import { MessageRows } from './message-rows.ts'
import type { Meta } from './meta.ts'
import { ProducerRows } from './producer-rows.ts'
import type { Moment, Moves, Swept, WriterRequest, WriterResults } from './requests.ts'
import type { RoomOptions, Rows } from './room.ts'
import { Room } from './room.ts'
import type { TopicRow } from './topic-row.ts'
import { shelvesOf } from './topic-row.ts'
import type { NewFork, Totals } from './topic-rows.ts'
import { TopicRows } from './topic-rows.ts'

export interface OperationsOptions extends RoomOptions {
  /** How many messages with idempotency keys a topic remembers. */
  readonly idempotencyKeys: number
}

/** So many topics expire, and so many keys are forgotten, in one go. */
const atOnce = 1_000

export class Operations {
  readonly #meta: Meta
  readonly #rows: Rows
  readonly #room: Room
  readonly #expiring: StatementSync
  readonly #randomId: () => string
  #moment: Moment = { now: 0, clock: 0 }
  #moves: Moves = []
  /** The topics that are followed and expire for want of use: whether they are read is not known here. */
  readonly #perishable = new Set<string>()
  #generation: number

  constructor(database: DatabaseSync, options: OperationsOptions, meta: Meta, randomId: () => string) {
    this.#meta = meta
    this.#randomId = randomId
    this.#rows = {
      topics: new TopicRows(database),
      messages: new MessageRows(database),
      keys: new KeyRows(database, options.idempotencyKeys),
      producers: new ProducerRows(database),
    }
    this.#room = new Room(database, options, this.#rows)
    this.#expiring = database.prepare(
      'SELECT name FROM topics WHERE is_removed = 0 AND expires_at <= ? ORDER BY expires_at LIMIT ?',
    )
    this.#generation = meta.number('generation')
  }

  get totals(): Totals {
    return this.#rows.topics.totals
  }

  /** A transaction begins. */
  begin(): void {
    this.#rows.topics.begin()
  }

  /** Write what has changed: the transaction is about to be committed. */
  finish(): void {
    this.#room.flush()
    this.#rows.topics.flush()
  }

  /** The transaction was rolled back, or it is not known what has come of it: go on with what the file has. */
  undo(): void {
    this.#rows.topics.forget()
    this.#rows.keys.forgetCounts()
    this.#room.forget()
  }

  /** Where the topics of a request stand, when it is not known what has come of it. */
  whereabouts(request: WriterRequest): Moves {
    if (!('topic' in request)) return []
    const topic = this.#rows.topics.find(request.topic)
    return [[request.topic, topic === undefined || topic.isRemoved ? unbornStanding : topic.standing()]]
  }

  /** Do what was asked at a moment. Gives the result, and where topics have moved to. */
  perform(request: WriterRequest, moment: Moment) {
    this.#moment = moment
    this.#moves = []
    const result = this.#perform(request)
    return { result, moves: this.#moves }
  }

  /** How many messages were dropped that may still be in the file. */
  get dropped(): number {
    return this.#room.dropped
  }

  /** Delete some of what was dropped; false when nothing is left. */
  deleteSome(): boolean {
    const hasMore = this.#rows.messages.deleteSome()
    if (!hasMore) this.#room.dropped = 0
    return hasMore
  }

  /** Assert what holds between two transactions. */
  validate(): void {
    this.#rows.topics.validate()
  }

  #perform(request: WriterRequest): WriterResults[WriterRequest['what']] {
    switch (request.what) {
      case 'append':
        return this.#append(request.topic, request.append, request.isRead)
      case 'create':
        return this.#create(request.topic, request.creation, request.isRead)
      case 'fork':
        return this.#fork(request.source, request.point, request.topic, request.creation, request.isRead)
      case 'remove':
        return this.#remove(request.topic, request.isRead)
      case 'follow':
        return request.topics.map(({ topic, isRead }) => this.#follow(topic, isRead))
      case 'leave':
        return this.#leave(request.topics)
      case 'touch':
        return this.#touch(request.topics)
      case 'expire':
        this.#live(request.topic, request.isRead)
        return null
      case 'sweep':
        return this.#sweep()
      case 'close':
        return null
    }
  }

  #append(name: string, append: Append, isRead: boolean): Appended | Refused {
    const { now } = this.#moment
    const known = this.#live(name, isRead)
    const isHidden = known === undefined && this.#rows.topics.find(name) !== undefined
    const answer = answerWithout(known && this.#checked(known), isHidden, append, now)
    if (answer !== undefined) return answer
    if (known?.isWhole) this.#room.forWhole(append.messages)
    else this.#room.forMessages(append.messages, known)
    const topic = known ?? this.#make(name, append.contentType ?? jsonType)
    const hasMoved = known !== undefined && this.#beginSegment(topic)
    if (this.#moves.length > 0) this.#moves.push(null)
    const receipts = this.#add(topic, append.messages)
    this.#note(topic, append, receipts)
    this.#room.trim(topic, now)
    if (append.close === true || hasMoved) this.#moved(topic)
    const appended = { outcome: 'appended' as const, standing: topic.standing(), receipts }
    return { ...appended, ...producerOf(this.#checked(topic), append) }
  }

  /** Keep what must happen together with the messages. */
  #note(topic: TopicRow, { producer, key, sequence, close }: Append, receipts: readonly Receipt[]): void {
    const { keys, producers, topics } = this.#rows
    if (producer !== undefined) producers.keep(topic.number, producer)
    if (key !== undefined) keys.keep(topic.number, key, receipts, this.#moment.now)
    if (sequence !== undefined) topic.sequence = sequence
    if (close === true) topic.isClosed = true
    if (topic.lifetime === null) this.#room.touch(topic, this.#moment.now)
    else topic.use(this.#moment.now)
    topics.change(topic)
  }

  #create(name: string, creation: Creation, isRead: boolean): Created {
    const known = this.#any(name, isRead)
    if (known !== undefined) {
      return { outcome: isLike(known, creation) ? 'existed' : 'conflict', record: known.record() }
    }
    this.#room.forWhole(creation.messages)
    return this.#begin(this.#make(name, creation.contentType, creation.lifetime), creation)
  }

  #fork(sourceName: string, point: ForkPoint, name: string, given: Partial<Creation>, isRead: boolean): Created {
    const source = this.#any(sourceName, isRead)
    if (source === undefined) return { outcome: 'noSource', record: null }
    if (source.isRemoved) return { outcome: 'sourceRemoved', record: source.record() }
    const at = point === 'head' ? source.head : point
    if (at > source.head) return { outcome: 'pastHead', record: source.record() }
    const { contentType = source.contentType, lifetime = source.lifetime, messages = [], isClosed = false } = given
    const creation = { contentType, lifetime, messages, isClosed }
    const known = this.#any(name, false)
    if (known !== undefined || contentType !== source.contentType) {
      const from = known?.forkedFrom
      const isSame =
        from?.topic === sourceName && from.offset === at && known?.source === source.number && isLike(known, creation)
      return { outcome: isSame ? 'existed' : 'conflict', record: (known ?? source).record() }
    }
    this.#room.forWhole(messages)
    this.#room.touch(source, this.#moment.now)
    return this.#begin(this.#makeFork(source, at, name, contentType, lifetime), creation)
  }

  #remove(name: string, isRead: boolean): boolean {
    const topic = this.#live(name, isRead)
    if (topic !== undefined) this.#end(topic)
    return topic !== undefined
  }

  #follow(name: string, isRead: boolean): Standing {
    this.#room.followed.add(name)
    const topic = this.#live(name, isRead)
    if (topic === undefined) return unbornStanding
    this.#room.touch(topic, this.#moment.now)
    this.#notePerishable(topic)
    return topic.standing()
  }

  #leave(names: readonly string[]): null {
    for (const name of names) {
      this.#room.followed.delete(name)
      this.#perishable.delete(name)
    }
    return this.#touch(names)
  }

  #touch(names: readonly string[]): null {
    for (const name of names) {
      const topic = this.#rows.topics.find(name)
      if (topic !== undefined && !topic.isRemoved) this.#room.touch(topic, this.#moment.now)
    }
    return null
  }

  #sweep(): Swept {
    const { now } = this.#moment
    let expired = 0
    for (const topic of this.#rows.topics.selected(this.#expiring, now, atOnce)) {
      if (this.#perishable.has(topic.name)) continue
      this.#end(topic)
      expired += 1
    }
    const hasOld = this.#room.dropOld(now)
    const hasOldKeys = this.#rows.keys.dropOld(now, atOnce)
    if (now - this.#meta.number('now') >= noteNowEveryMs) this.#meta.set('now', now)
    const hasMortals = this.#expiring.get(Number.MAX_SAFE_INTEGER, 1) !== undefined
    return { hasMore: expired === atOnce || hasOld || hasOldKeys, hasMortals, doubtful: this.#doubtful() }
  }

  /** Those of the perishable topics whose last use that was written down is too long ago. */
  #doubtful(): string[] {
    const { now } = this.#moment
    const names: string[] = []
    for (const name of this.#perishable) {
      const topic = this.#rows.topics.find(name)
      if (topic === undefined || topic.isRemoved) this.#perishable.delete(name)
      else if (now - topic.usedAt >= topic.slackMs(0)) names.push(name)
    }
    return names
  }

  /** The topic, unless it has expired or was removed. */
  #live(name: string, isRead: boolean): TopicRow | undefined {
    const topic = this.#rows.topics.find(name)
    if (topic === undefined || topic.isRemoved) return undefined
    if (!topic.hasExpired(this.#moment.now, isRead)) return topic
    this.#end(topic)
    return undefined
  }

  /** The topic, also when it was removed and only its forks need it. */
  #any(name: string, isRead: boolean): TopicRow | undefined {
    return this.#live(name, isRead) ?? this.#rows.topics.find(name)
  }

  /** Drop a topic, or hide it while it has forks; those who follow it are told. */
  #end(topic: TopicRow): void {
    if (topic.forks === 0) this.#room.drop(topic)
    else {
      topic.isRemoved = true
      this.#rows.topics.change(topic)
    }
    this.#moves.push([topic.name, unbornStanding])
  }

  #make(
    name: string,
    contentType: string,
    lifetime?: Lifetime,
    fork?: NewFork & { readonly segments: readonly Segment[] },
  ) {
    this.#room.forTopic(fork?.source)
    const { now } = this.#moment
    const topic = this.#rows.topics.make({
      name,
      epoch: this.#randomId(),
      contentType,
      isWhole: lifetime !== undefined,
      lifetime: lifetime ?? null,
      expiresAt: this.#expiryOf(lifetime ?? null),
      usedAt: now,
      segments: [...(fork?.segments ?? []), { number: this.#nextSegment(), first: (fork?.at ?? 0) + 1 }],
      generation: this.#generation,
      ...(fork && { fork }),
    })
    this.#room.use(topic, now)
    if (this.#room.followed.has(name)) this.#notePerishable(topic)
    return topic
  }

  #notePerishable({ name, lifetime }: TopicRow): void {
    if (lifetime !== null && 'ttlMs' in lifetime) this.#perishable.add(name)
  }

  #makeFork(source: TopicRow, at: number, name: string, contentType: string, lifetime: Lifetime): TopicRow {
    const { messages, topics } = this.#rows
    const oldest = Math.min(source.oldest, at + 1)
    const [shelf] = shelvesOf(source, at, at, (number) => topics.byNumber(number))
    const headId = at < source.oldest || shelf === undefined ? null : messages.idOf(shelf.topic, at)
    // What a source drops one day its fork needs of its own.
    const storedFrom = source.isWhole ? at + 1 : oldest
    const segments = source.segments.filter(({ first }) => first <= at)
    source.forks += 1
    topics.change(source)
    let fork: TopicRow
    try {
      fork = this.#make(name, contentType, lifetime, { source, at, oldest, headId, storedFrom, segments })
    } catch (error) {
      source.forks -= 1
      throw error
    }
    if (!source.isWhole && oldest <= at) messages.copy({ topic: source.number, from: oldest, to: at }, fork.number)
    return fork
  }

  /** A topic that was made has its first messages: those who expected it are told once, where it stands then. */
  #begin(topic: TopicRow, { messages, isClosed }: Creation): Created {
    this.#add(topic, messages)
    topic.isClosed = isClosed
    this.#moved(topic)
    return { outcome: 'created', record: topic.record() }
  }

  #add(topic: TopicRow, drafts: readonly Draft[]): Receipt[] {
    const { topics, messages } = this.#rows
    const { now, clock } = this.#moment
    const receipts: Receipt[] = []
    let bytes = 0
    for (const { data, bytes: size, id = this.#randomId(), time = clock } of drafts) {
      const receipt = { offset: topic.head + 1, id, time }
      messages.add(topic.number, { ...receipt, data }, now)
      topic.head = receipt.offset
      topic.headId = receipt.id
      bytes += size
      receipts.push(receipt)
    }
    if (receipts.length > 0) topic.oldestSince ??= now
    topics.resize(topic, receipts.length, bytes)
    return receipts
  }

  /** The file may have lost the topic's newest messages: what comes now is not mistaken for them. False if that is not so. */
  #beginSegment(topic: TopicRow): boolean {
    if (topic.generation === this.#generation) return false
    topic.generation = this.#generation
    topic.segments = [...topic.segments, { number: this.#nextSegment(), first: topic.head + 1 }]
    return true
  }

  #moved(topic: TopicRow): void {
    this.#moves.push([topic.name, topic.standing()])
  }

  #nextSegment(): number {
    const number = Math.max(Math.floor(this.#moment.clock * 1_000), this.#meta.number('segment') + 1)
    this.#meta.set('segment', number)
    return number
  }

  #expiryOf(lifetime: Lifetime): number | null {
    const { now, clock } = this.#moment
    return lifetime !== null && 'expiresAt' in lifetime ? now + lifetime.expiresAt - clock : null
  }

  /** A topic as an append is compared with it. */
  #checked(topic: TopicRow): CheckedTopic {
    const { keys, producers } = this.#rows
    const { number, contentType, isClosed, sequence } = topic
    return {
      contentType,
      isClosed,
      sequence,
      keys: { find: (key, now) => keys.find(number, key, now) },
      producers: { last: (id) => producers.last(number, id) },
      standing: () => topic.standing(),
    }
  }
}

/** Writing the time down oftener would keep the disk of an idle server awake. */
const noteNowEveryMs = 3_600_000

/** Whether a topic is as it would be created now. */
function isLike(topic: TopicRow, { contentType, lifetime, isClosed }: Creation): boolean {
  return (
    topic.isWhole &&
    !topic.isRemoved &&
    topic.contentType === contentType &&
    topic.isClosed === isClosed &&
    JSON.stringify(topic.lifetime) === JSON.stringify(lifetime)
  )
}

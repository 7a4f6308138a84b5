// Forks, which cross slots: no script can see both the source and the fork.
//
// Always true: the source knows of a fork before there is one, so that it is never gone while it is needed; the fork appears
// in one step, whole. What a node left half-done is swept: a source that waits for a fork for ten minutes, or was removed,
// forgets those that never came or are gone.

import type { Created, Creation, ForkPoint } from '../../hub/index.ts'
import { isComplaint, NotSent } from './connection.ts'
import type { FoundRecord } from './replies.ts'
import { writeSegments } from './replies.ts'
import type { Beginning, Done, TopicScripts } from './topic-scripts.ts'
import type { Change } from './totals.ts'

/** So much is copied at once. */
const page = { messages: 1_000, bytes: 1024 * 1024 }

/** The copy was crossed by something: it is begun anew so many times. */
const attempts = 3

type Making = { readonly created: Created; readonly done: Done<unknown> | null }

export class Forks {
  readonly #scripts: TopicScripts

  constructor(scripts: TopicScripts) {
    this.#scripts = scripts
  }

  async make(source: string, point: ForkPoint, topic: string, given: Partial<Creation>, room: number): Promise<Making> {
    for (let attempt = 1; ; attempt += 1) {
      const made = await this.#try(source, point, topic, given, room)
      if (made !== undefined) return made
      if (attempt === attempts) throw new NotSent('the source has changed while it was copied')
    }
  }

  /** A fork is gone: its source forgets it, and goes too if it was there for it alone. */
  async release(source: string, topic: string): Promise<Change | null> {
    let topics = 0
    for (let next = { source, topic }; next.source !== ''; ) {
      const released = await this.#scripts.endFork(next.source, next.topic)
      if (!released.isGone) break
      topics -= 1
      next = { source: released.source, topic: next.source }
    }
    return topics === 0 ? null : { topics, messages: 0, bytes: 0, isWhole: true }
  }

  /** Forget the forks of one source that never came, or are gone. */
  async sweep(source: string): Promise<void> {
    for (const topic of await this.#scripts.listForks(source)) {
      const fork = await this.#scripts.look(topic, false)
      if (fork?.record.forkedFrom?.topic !== source) await this.release(source, topic)
    }
  }

  /** Undefined: something came in between. */
  async #try(
    source: string,
    point: ForkPoint,
    topic: string,
    given: Partial<Creation>,
    room: number,
  ): Promise<Making | undefined> {
    const begun = await this.#scripts.beginFork(source, point, topic)
    if (begun.outcome !== 'begun') {
      return {
        created: { outcome: begun.outcome as Created['outcome'], record: begun.found?.record ?? null },
        done: null,
      }
    }
    try {
      const made = await this.#copy(source, begun as Begun, topic, given, room)
      if (made?.created.outcome !== 'created') await this.#forgetUnless(source, topic, made?.created)
      return made
    } catch (error) {
      await this.release(source, topic).catch(() => {})
      if (isComplaint(error) && error.message.includes('ID specified in XADD')) return undefined
      throw error
    }
  }

  async #copy(
    source: string,
    { found, at }: Begun,
    topic: string,
    given: Partial<Creation>,
    room: number,
  ): Promise<Making | undefined> {
    const { record } = found
    const { contentType = record.contentType, lifetime = record.lifetime, messages = [], isClosed = false } = given
    const creation = { contentType, lifetime, messages, isClosed }
    const segments = writeSegments(record.segments.filter(({ first }) => first <= at))
    const bare: Beginning = {
      source: `${source} ${at}`,
      head: at,
      oldest: at + 1,
      bytes: 0,
      headId: null,
      segments,
      drafted: 0,
    }
    const known = await this.#scripts.create(topic, creation, room, bare, true)
    if (known.answer.outcome !== 'free') return madeOf(known)
    if (contentType !== record.contentType) return { created: { outcome: 'conflict', record }, done: null }
    const copied = await this.#draft(source, record.epoch, at, topic)
    if (copied === undefined) return undefined
    const done = await this.#scripts.create(topic, creation, room, { ...bare, ...copied })
    return done.answer.outcome === 'lost' ? undefined : madeOf(done)
  }

  /** Copy what the source has up to `at`. */
  async #draft(source: string, epoch: string, at: number, topic: string): Promise<Partial<Beginning> | undefined> {
    let [from, bytes, drafted, oldest]: [number, number, number, number | undefined] = [1, 0, 0, undefined]
    let headId: string | null = null
    while (from <= at) {
      const { slice } = await this.#scripts.history(source, from, page)
      const messages = slice.messages.filter(({ offset }) => offset <= at)
      if (slice.epoch !== epoch) return undefined
      if (messages.length === 0) break
      await this.#scripts.draft(topic, messages, oldest === undefined)
      oldest ??= messages[0]?.offset
      drafted += messages.length
      bytes += messages.reduce((sum, message) => sum + message.bytes, 0)
      headId = messages.at(-1)?.id ?? null
      from = (messages.at(-1)?.offset as number) + 1
    }
    return { bytes, headId, drafted, oldest: oldest ?? at + 1 }
  }

  /** No fork was made. It stays remembered if there is one already. */
  async #forgetUnless(source: string, topic: string, created: Created | undefined): Promise<void> {
    const other = created?.record?.forkedFrom?.topic
    if (created?.outcome === 'existed' || (other === source && created?.record?.isRemoved === false)) return
    await this.release(source, topic)
  }
}

interface Begun {
  readonly found: FoundRecord
  readonly at: number
}

function madeOf(done: Done<{ readonly outcome: string; readonly found: FoundRecord | null }>): Making {
  const { outcome, found } = done.answer
  return { created: { outcome: outcome as Created['outcome'], record: found?.record ?? null }, done }
}

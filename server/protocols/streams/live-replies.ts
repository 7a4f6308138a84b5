// The replies of long polls. All of one kind have a head in common, but for the offset, the cursor and the entity tag; all
// who wait at one place are given the same reply.

import { PreparedReplies, type PreparedReply } from '../../http/fast-path/prepared-reply.ts'
import type { Batch } from '../../hub/index.ts'
import { cacheControl } from './catch-up.ts'
import { entityTag, isKnown } from './conditions.ts'
import { encodeData } from './encoding.ts'
import { nextTurn } from './turn.ts'

export interface LiveRepliesOptions {
  /** Whether the connection ends with the reply, or somebody else's hooks want to see it: then none is prepared. */
  readonly isLast: () => boolean
  /** Told when news was written that a poll has waited for, and when this node took that. */
  readonly wrote: (takenAt: number) => void
}

/** For whom a reply is. */
export interface ReplyFor {
  readonly ifNoneMatch: string | undefined
  readonly isPersonal: boolean
  /** Whether its offset is a place of the stream, and neither its start nor its end, wherever those are. */
  readonly isPlace: boolean
  /** Its `cursor`, above which the `Stream-Cursor` is. */
  readonly sent: string | undefined
}

/** What stands between two offsets of a stream, and what is there behind it. */
export interface Stretch {
  readonly from: string
  readonly to: string
  readonly contentType: string
  readonly isUpToDate: boolean
  readonly isEnd: boolean
}

/** Content types are the clients' own: beyond so many kinds all are forgotten, and begin anew. */
const mostKinds = 64

const nothing = Buffer.alloc(0)

/** What follows a place up to another stays what it is; its reader asks for more under another cursor. */
const stays = { isUpToDate: false, isEnd: false }

export class LiveReplies {
  readonly #options: LiveRepliesOptions
  readonly #kinds = new Map<string, PreparedReplies>()
  #last: Last | undefined
  #lastNothing: Nothing | undefined

  constructor(options: LiveRepliesOptions) {
    this.#options = options
  }

  /** A reply with messages; `news` is what was waited for. */
  data(asking: ReplyFor, stretch: Stretch, body: Buffer, news?: Batch): PreparedReply {
    const { from, to, isEnd, isUpToDate, contentType } = stretch
    const tag = entityTag(from, to, isEnd)
    const isSame = isKnown(asking.ifNoneMatch, tag)
    const headers = {
      'content-type': contentType,
      ...(isEnd && { 'stream-closed': 'true' }),
      ...(isUpToDate && { 'stream-up-to-date': 'true' }),
      'cache-control': cacheControl(asking.isPlace ? stays : stretch, asking),
    }
    const kind = this.#kind(isSame ? 304 : 200, headers, ['stream-next-offset', 'stream-cursor', 'etag'])
    return kind.of(
      isSame ? nothing : body,
      [to, nextTurn(asking.sent, news?.oldestTime ?? 0), tag],
      news?.oldestTakenAt,
    )
  }

  /** The last reply with news, if it was made of the same: a herd is ten thousand that get one, one after the other. */
  known({ asking, from, batch, hasWaited }: Made): PreparedReply | undefined {
    const last = this.#last
    return last !== undefined &&
      batch === last.batch &&
      hasWaited === last.hasWaited &&
      from === last.from &&
      asking.sent === last.asking.sent &&
      asking.isPlace === last.asking.isPlace &&
      asking.isPersonal === last.asking.isPersonal &&
      asking.ifNoneMatch === last.asking.ifNoneMatch
      ? last.reply
      : undefined
  }

  /** A reply with a batch that was read while waiting. */
  news(made: Made, stretch: Stretch): PreparedReply {
    const { asking, batch, hasWaited } = made
    const body = batch.once(bodyOf, stretch.contentType)
    const reply = this.data(asking, stretch, body, hasWaited ? batch : undefined)
    this.#last = { ...made, reply }
    return reply
  }

  /** A reply for a wait that is over: a herd that came together is given one, by a cache that keeps it for a moment, too. */
  nothing({ sent, isPlace, isPersonal }: ReplyFor, offset: string, isEnd: boolean): PreparedReply {
    const turn = nextTurn(sent, 0)
    const isShared = isPlace && !isPersonal
    const last = this.#lastNothing
    const isSame = last?.turn === turn && last.offset === offset && last.isEnd === isEnd && last.isShared === isShared
    if (last !== undefined && isSame) return last.reply
    const headers = {
      ...(isEnd && { 'stream-closed': 'true' }),
      'stream-up-to-date': 'true',
      'cache-control': isShared ? 'public, max-age=1' : 'no-store',
    }
    const reply = this.#kind(204, headers, ['stream-next-offset', 'stream-cursor']).of(nothing, [offset, turn])
    this.#lastNothing = { turn, offset, isEnd, isShared, reply }
    return reply
  }

  #kind(status: number, headers: Readonly<Record<string, string>>, varying: readonly string[]): PreparedReplies {
    const name = `${status} ${Object.values(headers).join('\n')} ${'stream-closed' in headers}`
    let kind = this.#kinds.get(name)
    if (kind !== undefined) return kind
    if (this.#kinds.size >= mostKinds) this.#kinds.clear()
    kind = new PreparedReplies({ ...this.#options, status, headers, varying })
    this.#kinds.set(name, kind)
    return kind
  }
}

function bodyOf({ messages }: Batch, contentType: string): Buffer {
  return encodeData(messages, contentType)
}

/** What a reply with news is made of; the batch says where it ends. */
export interface Made {
  readonly asking: ReplyFor
  readonly from: string
  readonly batch: Batch
  readonly hasWaited: boolean
}

interface Last extends Made {
  readonly reply: PreparedReply
}

/** A reply without news, and what it was made of. */
interface Nothing {
  readonly turn: string
  readonly offset: string
  readonly isEnd: boolean
  readonly isShared: boolean
  readonly reply: PreparedReply
}

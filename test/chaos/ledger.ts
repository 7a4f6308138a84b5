// What was promised and what was heard, and whether the two agree.
//
// A publisher numbers its messages, one after the other; each is sent until it is acknowledged. So a reader must hear the
// numbers of each publisher rise without a hole, once each. A number that is missing is a failure unless Redis itself has
// lost the message (it is not in the topic's history at the end, although nothing was trimmed): those are counted apart, and
// each reader that has not heard them must have been told: by gaps of as many messages at least, or by a reset, after which
// it hears what is kept again. (A gap also counts what was lost before its publisher was told.)
//
// What Redis has lost before its publisher was told is published again, and its key is lost with it. Who has heard the one
// that was lost hears it again, as another message: that is counted apart, too, if one of the two is not in the history.

export interface Acknowledged {
  readonly topic: string
  readonly publisher: string
  readonly number: number
  readonly at: number
}

export interface Heard {
  readonly publisher: string
  readonly number: number
  readonly at: number
  /** Of the message: one that is published again has another. */
  readonly id?: string
}

export interface Away {
  readonly from: number
  readonly until: number
}

/** What a reader was told of a topic beside its messages: `gap` or `reset`. */
export interface Told {
  readonly topic: string
  readonly verdict: string
  readonly missed: number | null
}

export interface Observations {
  readonly acknowledged: readonly Acknowledged[]
  /** What each reader heard of each of its topics, in order. */
  readonly readers: readonly {
    readonly name: string
    readonly heard: ReadonlyMap<string, readonly Heard[]>
    readonly verdicts: readonly Told[]
    /** When it did not listen. */
    readonly away?: readonly Away[]
  }[]
  /** What each topic has at the end: publisher and number. */
  readonly kept: ReadonlyMap<string, ReadonlySet<string>>
  /** The ids of all of that; where it is not given no message may be heard twice. */
  readonly keptIds?: ReadonlySet<string>
}

export interface Verdict {
  readonly failures: readonly string[]
  /** Acknowledged, and not there at the end. */
  readonly lostByRedis: readonly string[]
  /** Published again after Redis had lost it, and heard twice by somebody. */
  readonly cameAgain: readonly string[]
  /** From acknowledged to heard, of every reader, the longest, in milliseconds. */
  readonly longestMs: number
  readonly deliveries: number
}

/** Nobody sleeps longer than this, in milliseconds: the probe and the position check find everything by then. */
const longestSleepMs = 35_000

export function judge({ acknowledged, readers, kept, keptIds }: Observations): Verdict {
  const failures: string[] = []
  const byTopic = Map.groupBy(acknowledged, ({ topic }) => topic)
  const isLost = (given: Acknowledged) => !kept.get(given.topic)?.has(keyOf(given))
  const isGone = ({ id }: Heard) => id !== undefined && keptIds?.has(id) === false
  const cameAgain = new Set<string>()
  let [longestMs, deliveries] = [0, 0]
  for (const { name, heard, verdicts, away } of readers) {
    for (const [topic, told] of heard) {
      const about = verdicts.filter((each) => each.topic === topic)
      const isReset = about.some(({ verdict }) => verdict === 'reset')
      let unheard = 0
      const first = new Map<string, Heard>()
      const last = new Map<string, number>()
      for (const each of told) {
        deliveries += 1
        const key = keyOf(each)
        const before = last.get(each.publisher) ?? 0
        const other = first.get(key)
        if (other !== undefined && other.id !== each.id && (isGone(other) || isGone(each))) {
          cameAgain.add(`${key} of ${topic}`)
        } else if (!isReset && other !== undefined) failures.push(`${name} heard ${key} of ${topic} twice`)
        else if (!isReset && each.number <= before) failures.push(`${name} heard ${key} of ${topic} after ${before}`)
        if (other === undefined) first.set(key, each)
        last.set(each.publisher, Math.max(before, each.number))
      }
      for (const given of byTopic.get(topic) ?? []) {
        const heardAt = first.get(keyOf(given))?.at
        if (heardAt === undefined) {
          if (isLost(given)) unheard += 1
          else failures.push(`${name} never heard ${keyOf(given)} of ${topic}`)
          continue
        }
        const ms = listenedMs(given.at, heardAt, away)
        longestMs = Math.max(longestMs, ms)
        if (ms > longestSleepMs) failures.push(`${name} heard ${keyOf(given)} of ${topic} ${Math.round(ms)} ms late`)
      }
      const missed = about.reduce((sum, each) => sum + (each.missed ?? 0), 0)
      if (unheard > missed && !isReset) {
        failures.push(`${name} was told of ${missed} lost messages of ${topic}, not of ${unheard}`)
      }
    }
  }
  const lostByRedis = acknowledged.filter(isLost).map((given) => `${keyOf(given)} of ${given.topic}`)
  return { failures, lostByRedis, cameAgain: [...cameAgain], longestMs, deliveries }
}

/** For how long a reader listened between two times. */
export function listenedMs(from: number, until: number, away: readonly Away[] = []): number {
  const slept = away.map((each) => Math.max(0, Math.min(each.until, until) - Math.max(each.from, from)))
  return until - from - slept.reduce((sum, ms) => sum + ms, 0)
}

export function keyOf({ publisher, number }: { readonly publisher: string; readonly number: number }): string {
  return `${publisher}/${number}`
}

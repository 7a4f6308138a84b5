// What was promised and what was heard, and whether the two agree.
//
// A publisher numbers its messages, one after the other; each is sent until it is acknowledged. So a reader must hear the
// numbers of each publisher rise without a hole, once each. A number that is missing is a failure unless Redis itself has
// lost the message (it is not in the topic's history at the end, although nothing was trimmed): those are counted apart, and
// each reader that has not heard them must have been told: by gaps of as many messages at least, or by a reset, after which
// it hears what is kept again. (A gap also counts what was lost before its publisher was told.)

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
  }[]
  /** What each topic has at the end: publisher and number. */
  readonly kept: ReadonlyMap<string, ReadonlySet<string>>
}

export interface Verdict {
  readonly failures: readonly string[]
  /** Acknowledged, and not there at the end. */
  readonly lostByRedis: readonly string[]
  /** From acknowledged to heard, of every reader, the longest, in milliseconds. */
  readonly longestMs: number
  readonly deliveries: number
}

/** Nobody sleeps longer than this, in milliseconds: the probe and the position check find everything by then. */
const longestSleepMs = 35_000

export function judge({ acknowledged, readers, kept }: Observations): Verdict {
  const failures: string[] = []
  const byTopic = Map.groupBy(acknowledged, ({ topic }) => topic)
  const isLost = (given: Acknowledged) => !kept.get(given.topic)?.has(keyOf(given))
  let [longestMs, deliveries] = [0, 0]
  for (const { name, heard, verdicts } of readers) {
    for (const [topic, told] of heard) {
      const about = verdicts.filter((each) => each.topic === topic)
      const isReset = about.some(({ verdict }) => verdict === 'reset')
      let unheard = 0
      const at = new Map<string, number>()
      const last = new Map<string, number>()
      for (const each of told) {
        deliveries += 1
        const key = keyOf(each)
        const before = last.get(each.publisher) ?? 0
        if (!isReset && at.has(key)) failures.push(`${name} heard ${key} of ${topic} twice`)
        else if (!isReset && each.number <= before) failures.push(`${name} heard ${key} of ${topic} after ${before}`)
        if (!at.has(key)) at.set(key, each.at)
        last.set(each.publisher, Math.max(before, each.number))
      }
      for (const given of byTopic.get(topic) ?? []) {
        const heardAt = at.get(keyOf(given))
        if (heardAt === undefined) {
          if (isLost(given)) unheard += 1
          else failures.push(`${name} never heard ${keyOf(given)} of ${topic}`)
          continue
        }
        const ms = heardAt - given.at
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
  return { failures, lostByRedis, longestMs, deliveries }
}

export function keyOf({ publisher, number }: { readonly publisher: string; readonly number: number }): string {
  return `${publisher}/${number}`
}

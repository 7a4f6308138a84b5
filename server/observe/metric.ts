// One metric: its name, its kind, what it means, and how it is read. Labels have few values, which are known beforehand or
// are rows of a table of ours: never a topic, a client or a path.

import { type Metric, type MetricObjectWithValues, type MetricValueWithName, Registry } from '@prometheus-io/client'
import { boundsMs, type DurationHistogram } from './duration-histogram.ts'

/** A number for each combination of labels. */
export type Reading = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[]

export interface MetricRow {
  readonly name: `encke_${string}`
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  /** One sentence for the documents and for whoever scrapes. */
  readonly about: string
  readonly read: () => number | Reading | readonly LabelledHistogram[]
}

interface LabelledHistogram {
  readonly labels: Readonly<Record<string, string>>
  readonly durations: DurationHistogram
}

type Value = MetricValueWithName<string>

/** The bounds that are told, 1, 2 and 5 of each decade: a third of those that are counted. */
const toldBoundsMs = boundsMs.filter((ms) => /^[0.]*[125]0*$/.test(String(ms)))

/** Make a registry of `rows`, which are read whenever it is asked for its text. */
export function registryOf(rows: readonly MetricRow[]): Registry {
  const registry = new Registry()
  for (const row of rows) registry.registerMetric(new ReadMetric(row) as unknown as Metric)
  return registry
}

/** What the library asks of a metric: its values are read when they are wanted, and counted elsewhere. */
class ReadMetric {
  readonly name: string
  readonly help: string
  readonly type: MetricRow['kind']
  readonly aggregator = 'sum'
  readonly #read: MetricRow['read']

  constructor({ name, about, kind, read }: MetricRow) {
    this.name = name
    this.help = about.replaceAll('`', '')
    this.type = kind
    this.#read = read
  }

  async get(): Promise<MetricObjectWithValues<Value>> {
    const { name, help, type, aggregator } = this
    return { name, help, type, aggregator, collect: () => {}, values: this.#values() }
  }

  #values(): Value[] {
    const read = this.#read()
    if (typeof read === 'number') return [{ labels: {}, value: read }]
    return read.flatMap((one) =>
      'durations' in one ? bucketsOf(this.name, one) : [{ labels: { ...one[0] }, value: one[1] }],
    )
  }
}

function bucketsOf(name: string, { labels, durations }: LabelledHistogram): Value[] {
  const { count, sumMs } = durations
  const buckets = toldBoundsMs.map((ms) => ({
    labels: { le: ms / 1_000, ...labels },
    value: durations.countUpTo(ms),
    metricName: `${name}_bucket`,
  }))
  return [
    ...buckets,
    { labels: { le: '+Inf', ...labels }, value: count, metricName: `${name}_bucket` },
    { labels: { ...labels }, value: sumMs / 1_000, metricName: `${name}_sum` },
    { labels: { ...labels }, value: count, metricName: `${name}_count` },
  ]
}

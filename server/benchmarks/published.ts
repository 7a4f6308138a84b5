// The figures that the project's sources published, to be laid beside a run: other machines, long ago.

import type { Model } from './models.ts'

export interface PublishedRow {
  readonly system: string
  /** The model here that is like it. */
  readonly model: Model
  readonly machine: string
  readonly year: number
  /** Of chain: how many coroutines. */
  readonly n?: number
  /** Of hackysack: what the original program was given. It makes one player more. */
  readonly argument?: number
  readonly players?: number
  readonly turns?: number
  readonly wallMs: number
  readonly userMs?: number
  readonly systemMs?: number
  /** What to know before comparing. */
  readonly note?: string
}

const macBookPro2009 = { machine: 'MacBook Pro 2.53 GHz', year: 2009 }
const thinkPad2009 = { machine: 'ThinkPad T60 (elfsternberg.com)', year: 2009 }
const macBookPro2007 = { machine: 'MacBook Pro 2 GHz Core Duo', year: 2007 }
const pentiumM2007 = { machine: 'Pentium M 1.6 GHz', year: 2007 }

const busy = {
  system: 'Kamaelia Axon, busy',
  model: 'axon-busy',
  note: 'each kick resumes every player: this compares algorithms',
} as const
const pause = {
  system: 'Kamaelia Axon, pause',
  model: 'axon',
  note: 'a fair comparison: a player that waits costs nothing',
} as const

const chain: readonly PublishedRow[] = [
  {
    system: 'Go (6g)',
    model: 'go',
    ...macBookPro2009,
    n: 100_000,
    wallMs: 1_310,
    userMs: 760,
    systemMs: 534,
    note: 'compiling included',
  },
  {
    system: 'CPython + greenlet',
    model: 'greenlet',
    ...macBookPro2009,
    n: 100_000,
    wallMs: 4_610,
    userMs: 3_761,
    systemMs: 830,
  },
  { system: 'Go', model: 'go', ...thinkPad2009, n: 100_000, wallMs: 976 },
  { system: 'Stackless Python', model: 'stackless', ...thinkPad2009, n: 100_000, wallMs: 562 },
]

const hackysack: readonly PublishedRow[] = [
  { ...busy, ...macBookPro2007, ...given(10), wallMs: 127 },
  { ...busy, ...macBookPro2007, ...given(100), wallMs: 587 },
  { ...busy, ...macBookPro2007, ...given(1_000), wallMs: 6_050 },
  { ...busy, ...macBookPro2007, ...given(10_000), wallMs: 60_400, note: `${busy.note}; 728 MB` },
  { ...busy, ...pentiumM2007, ...given(10), wallMs: 182 },
  { ...busy, ...pentiumM2007, ...given(100), wallMs: 820 },
  { ...busy, ...pentiumM2007, ...given(1_000), wallMs: 9_230 },
  { ...pause, ...pentiumM2007, ...given(10), wallMs: 206 },
  { ...pause, ...pentiumM2007, ...given(100), wallMs: 267 },
  { ...pause, ...pentiumM2007, ...given(1_000), wallMs: 816 },
  { ...pause, ...pentiumM2007, ...given(5_000), wallMs: 2_770, note: `${pause.note}; swapping` },
]

export const published = { chain, hackysack } as const

/** The rows to lay beside a run: those of its own model first. */
export function publishedBeside({ benchmark, model }: PublishedFor): readonly PublishedRow[] {
  const rows = published[benchmark]
  return [...rows.filter((row) => row.model === model), ...rows.filter((row) => row.model !== model)]
}

interface PublishedFor {
  readonly benchmark: keyof typeof published
  readonly model: Model
}

/** What has to be said wherever the rows are shown. */
export const publishedNotes = {
  chain: 'Published on other machines, long ago.',
  hackysack:
    'Published on other machines, long ago. Axon resumes every player at each kick when busy: comparing with those rows ' +
    'compares algorithms; the pause rows are the fair ones. The original makes one player more than its argument.',
} as const

function given(argument: number): Pick<PublishedRow, 'argument' | 'players' | 'turns'> {
  return { argument, players: argument + 1, turns: 1_000 }
}

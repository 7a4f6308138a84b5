// Random programs, as data: a few coroutines that do everything the runtime offers to each other.
//
// A program is a tree of steps, so that fast-check can shrink it and a failure can be read. It has no loops: it ends, or
// it waits. What it refers to by number (tasks, scopes) is counted from the latest one back and around, so that every
// number means something, and small ones, which are drawn most, mean what has just been begun.

import fc from 'fast-check'

export type Overflow = 'suspend' | 'dropOldest' | 'dropLatest' | 'error'

export interface Shape {
  readonly capacity: number
  readonly overflow: Overflow
}

/** One operation that can be a case of select. A gate is something that opens once: a latch, or an abort signal. */
export type Choice =
  | { readonly kind: 'send' | 'receive' | 'next'; readonly channel: number }
  | { readonly kind: 'after'; readonly ms: number }
  | { readonly kind: 'wait'; readonly gate: number }
  | { readonly kind: 'join'; readonly task: number }
  | { readonly kind: 'tick' }
  | { readonly kind: 'changed'; readonly subscription: number }
  | { readonly kind: 'batch'; readonly subscription: number; readonly limit: number }

/** What a coroutine does about errors: 'failures' catches all but its own cancellation. */
export type Catches = 'nothing' | 'failures' | 'everything'

export type Script = readonly Step[]

/** Who is told of a child that fails. 'note' and 'refuse' are functions: one notes it, the other one throws. */
export type Supervision = boolean | 'note' | 'refuse'

export type Enclosure =
  | { readonly kind: 'scope'; readonly supervise: Supervision }
  | { readonly kind: 'timeout' | 'moveOn' | 'shield'; readonly ms: number }

export type Step =
  | { readonly do: 'run'; readonly choice: Choice; readonly catches: Catches }
  | { readonly do: 'select'; readonly choices: readonly Choice[]; readonly inOrder: boolean; readonly catches: Catches }
  | { readonly do: 'trySelect'; readonly choices: readonly Choice[]; readonly inOrder: boolean }
  | { readonly do: 'trySend'; readonly channel: number; readonly times: number }
  | { readonly do: 'tryReceive'; readonly channel: number; readonly times: number }
  | { readonly do: 'close'; readonly channel: number }
  | { readonly do: 'open'; readonly gate: number }
  | { readonly do: 'publish' }
  | { readonly do: 'closeBroadcast' }
  | { readonly do: 'read'; readonly subscription: number; readonly limit: number }
  | { readonly do: 'dispose'; readonly subscription: number }
  | { readonly do: 'stopTicker' }
  | { readonly do: 'checkpoint' }
  | { readonly do: 'fail' }
  | { readonly do: 'keepBusy' }
  | { readonly do: 'cancelTask'; readonly task: number }
  | { readonly do: 'cancelScope'; readonly scope: number }
  | { readonly do: 'tieTask'; readonly task: number }
  | { readonly do: 'tieScope'; readonly scope: number }
  | { readonly do: 'setLimit'; readonly scope: number; readonly ms: number }
  | { readonly do: 'setLocal'; readonly value: number }
  | { readonly do: 'askSignal' }
  | { readonly do: 'spawn'; readonly scope: number; readonly script: Script }
  | { readonly do: 'crowd'; readonly scope: number; readonly choices: readonly Choice[] }
  | { readonly do: 'enclose'; readonly in: Enclosure; readonly script: Script; readonly catches: Catches }
  | { readonly do: 'outside'; readonly ms: number; readonly act: Act }
  | { readonly do: 'using'; readonly script: Script }
  | { readonly do: 'withLocal'; readonly value: number; readonly script: Script }
  | { readonly do: 'rescue'; readonly script: Script; readonly after: Script }
  | { readonly do: 'finally'; readonly script: Script; readonly after: Script }

/** The step that does this. */
export type StepOf<Do extends Step['do']> = Extract<Step, { readonly do: Do }>

/** The steps that neither wait nor fail nor start anybody: they can also be taken from outside all coroutines. */
export type Act = StepOf<
  | 'trySelect'
  | 'trySend'
  | 'tryReceive'
  | 'close'
  | 'open'
  | 'publish'
  | 'closeBroadcast'
  | 'read'
  | 'dispose'
  | 'stopTicker'
  | 'cancelTask'
  | 'cancelScope'
  | 'tieTask'
  | 'tieScope'
  | 'setLimit'
>

export interface Program {
  /** Of the schedules it is run under. */
  readonly seed: number
  readonly channels: readonly Shape[]
  /** How many steps of coroutines make a slice. */
  readonly sliceResumes: number
  /** Whether somebody waits longer than all others, so that no standstill is for ever. */
  readonly isPatient: boolean
  readonly tickMs: number
  readonly broadcastCapacity: number
  readonly scripts: readonly Script[]
}

const channelCount = 3
/** The first ones are latches, the last one is an abort signal. */
export const gateCount = 3
export const subscriptionCount = 2
const mostScripts = 4
const mostSteps = 8

const channel = fc.nat(channelCount - 1)
const gate = fc.nat(gateCount - 1)
const anything = fc.nat(20)
const ms = fc.nat(5)
const afterMs = fc.constantFrom(0, 1, 2, 3, 4, 5, Number.POSITIVE_INFINITY)
const subscription = fc.nat(subscriptionCount - 1)
const limit = fc.constantFrom(1, 2, Number.POSITIVE_INFINITY)

const choice: fc.Arbitrary<Choice> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constantFrom('send', 'receive', 'next'), channel }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('after'), ms: afterMs }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait'), gate }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('join'), task: anything }) },
  { weight: 1, arbitrary: fc.constant<Choice>({ kind: 'tick' }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('changed'), subscription }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('batch'), subscription, limit }) },
)

// One send for each channel: with two it would be open which of its values a select that waits has sent. And one case
// about time, and one about the broadcast: of two that happen together it would be open which comes first.
const choices = fc.uniqueArray(choice, { maxLength: 5, selector: oncePerSelect })

function oncePerSelect(one: Choice): string {
  if (one.kind === 'after' || one.kind === 'tick') return 'time'
  if (one.kind === 'wait') return `wait ${one.gate}`
  if (one.kind === 'join') return 'join'
  if (one.kind === 'changed' || one.kind === 'batch') return 'broadcast'
  return `${one.kind} ${one.channel}`
}

const catches: fc.Arbitrary<Catches> = fc.oneof(
  { weight: 6, arbitrary: fc.constant('failures') },
  { weight: 2, arbitrary: fc.constant('everything') },
  { weight: 1, arbitrary: fc.constant('nothing') },
)

const inOrder = fc.boolean()
const limitMs = fc.constantFrom(0, 1, 2, 3, 5, Number.POSITIVE_INFINITY)
const times = fc.oneof(
  { weight: 5, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.integer({ min: 2, max: 20 }) },
)

const enclosure: fc.Arbitrary<Enclosure> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('scope'),
      supervise: fc.constantFrom<Supervision>(true, false, 'note', 'refuse'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('timeout', 'moveOn'), ms }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('shield'), ms: fc.constantFrom(2, 4, Number.POSITIVE_INFINITY) }),
  },
)

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('trySelect'), choices, inOrder }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('trySend', 'tryReceive'), channel, times }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close'), channel }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('open'), gate }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish') }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read'), subscription, limit }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('dispose'), subscription }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('stopTicker', 'closeBroadcast') }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('cancelTask'), task: anything }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('cancelScope'), scope: anything }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tieTask'), task: anything }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tieScope'), scope: anything }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('setLimit'), scope: anything, ms: limitMs }) },
)

const simpleStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 16, arbitrary: fc.record({ do: fc.constant('run'), choice, catches }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('select'), choices, inOrder, catches }) },
  { weight: 18, arbitrary: act },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('outside'), ms, act }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('checkpoint') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('askSignal') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('keepBusy') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('setLocal'), value: anything }) },
)

/** Many coroutines, each with a choice of its own, or all with the same: what happens only where many wait, happens. */
const crowd: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('crowd'),
  scope: anything,
  choices: fc.oneof(
    fc.array(choice, { minLength: 2, maxLength: 12 }),
    fc.tuple(choice, fc.integer({ min: 5, max: 20 })).map(([one, count]) => Array.from({ length: count }, () => one)),
  ),
})

/** Steps with other steps in them, `depth` levels deep. */
function stepOf(depth: number, plain: fc.Arbitrary<Step>): fc.Arbitrary<Step> {
  if (depth === 0) return plain
  const script = fc.array(stepOf(depth - 1, plain), { maxLength: 5 })
  return fc.oneof(
    { weight: 16, arbitrary: plain },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('spawn'), scope: anything, script }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('enclose'), in: enclosure, script, catches }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('rescue', 'finally'), script, after: script }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('using'), script }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('withLocal'), value: anything, script }) },
  )
}

const shape: fc.Arbitrary<Shape> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Shape>({ capacity: 0, overflow: 'suspend' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      capacity: fc.constantFrom(1, 2, 9, Number.POSITIVE_INFINITY),
      overflow: fc.constant('suspend'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      capacity: fc.constantFrom(1, 2, 9, 12, Number.POSITIVE_INFINITY),
      overflow: fc.constantFrom('dropOldest', 'dropLatest', 'error'),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Shape>({ capacity: 0, overflow: 'error' }) },
)

function programsOf(scripts: fc.Arbitrary<Script[]>): fc.Arbitrary<Program> {
  return fc.record({
    seed: fc.nat(),
    channels: fc.array(shape, { minLength: channelCount, maxLength: channelCount }),
    sliceResumes: fc.constantFrom(1, 2, 64),
    isPatient: fc.boolean(),
    tickMs: fc.integer({ min: 1, max: 3 }),
    broadcastCapacity: fc.constantFrom(1, 2, 3, 6),
    scripts,
  })
}

const step = stepOf(2, fc.oneof({ weight: 40, arbitrary: simpleStep }, { weight: 1, arbitrary: crowd }))

/** To be run under some of their schedules. */
export const programs = programsOf(
  fc.array(fc.array(step, { minLength: 1, maxLength: mostSteps }), { minLength: 2, maxLength: mostScripts }),
)

/** To be run under all of their schedules. */
export const smallPrograms = programsOf(
  fc.array(fc.array(stepOf(1, simpleStep), { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 3 }),
)

// Whose price is asked: a ladder of schedulers, each the one below it with one thing more, up to the runtime; and the runtime
// with what it can be asked for.
//
// Each is loaded alone: two in one process would see each other's shapes, and be slower for it.

import type { Kit } from './kit.ts'

export interface Variant {
  readonly name: string
  /** As the table has it. */
  readonly title: string
  load(): Promise<Kit>
}

export const rungs: readonly Variant[] = [
  {
    name: 'bare',
    title: 'bare: run queue, rendezvous channel, spawn',
    load: async () => (await import('./rungs/bare.ts')).bare(),
  },
  {
    name: 'cancel',
    title: '+ cancel: whatever waits can be withdrawn',
    load: async () => (await import('./rungs/cancel.ts')).cancel(),
  },
  {
    name: 'scopes',
    title: '+ scopes: children linked, parents wait',
    load: async () => (await import('./rungs/scopes.ts')).scopes(),
  },
  {
    name: 'statistics',
    title: '+ statistics, names, ids, dumps',
    load: async () => (await import('./rungs/statistics.ts')).statistics(),
  },
  {
    name: 'slices',
    title: '+ slices and budgets: the host gets its turn',
    load: async () => (await import('./rungs/slices.ts')).slices(),
  },
  {
    name: 'seeds',
    title: '+ select, and a seed for every choice',
    load: async () => (await import('./rungs/seeds.ts')).seeds(),
  },
]

// The first is what the others are compared with.

export const ladder: readonly Variant[] = [
  ...rungs,
  {
    name: 'encke',
    title: 'this runtime, with all the rest',
    load: async () => (await import('./rungs/encke.ts')).encke(),
  },
]

export const options: readonly Variant[] = [
  {
    name: 'encke',
    title: 'as it comes',
    load: async () => (await import('./rungs/encke.ts')).encke(),
  },
  {
    name: 'debug',
    title: '`debug: true`',
    load: async () => (await import('./rungs/encke.ts')).encke({ debug: true }),
  },
  {
    name: 'trace',
    title: '`trace`: a function that does nothing',
    load: async () => (await import('./rungs/encke.ts')).encke({ trace: () => {} }),
  },
  {
    name: 'shuffle',
    title: "`order: 'shuffle'`",
    load: async () => (await import('./rungs/encke.ts')).encke({ order: 'shuffle' }),
  },
  ...[1, 5, 50].map((depth) => ({
    name: `scopes-${depth}`,
    title: `inside ${depth} more nested ${depth === 1 ? 'scope' : 'scopes'}`,
    load: async () => {
      const { encke, inScopes } = await import('./rungs/encke.ts')
      return encke({}, inScopes(depth))
    },
  })),
  {
    name: 'timeout',
    title: 'inside `timeout()`',
    load: async () => {
      const { encke, inTimeout } = await import('./rungs/encke.ts')
      return encke({}, inTimeout)
    },
  },
  {
    name: 'local',
    title: 'with a `local` set, which all inherit',
    load: async () => {
      const { encke, withLocal } = await import('./rungs/encke.ts')
      return encke({}, withLocal)
    },
  },
]

/** @throws Error */
export function variantCalled(name: string | undefined): Variant {
  const found = [...ladder, ...options].find((variant) => variant.name === name)
  if (found === undefined) throw new Error(`there is no variant ${name}`)
  return found
}

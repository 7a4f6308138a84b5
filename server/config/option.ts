// One option: its default, what fits, what it is for, and how its text becomes a value. Each kind of value has a function
// that makes its options.

import { clip } from '../errors.ts'
import { type Parsed, readInteger, readList, readSecret, readToggle } from './readers.ts'

export interface Option<T> {
  readonly fallback: T
  /** What fits; it continues the sentence "--port must be …". */
  readonly fits: string
  /** What it is for, what 0 means, and what happens at the limit. */
  readonly about: string
  readonly kind?: 'switch' | 'secret'
  readonly read: (text: string) => Parsed<T>
}

/** Options by key. The flag and the variable follow from the key. */
export type Options = Readonly<Record<string, Option<unknown>>>

/** What reading `T` gives, value by key. */
export type ValuesOf<T extends Options> = { readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never }

/** The longest time a Node timer can wait; anything above fires at once. */
const longestTimerMs = 2 ** 31 - 1

export function custom<T>(fallback: T, fits: string, about: string, read: (text: string) => Parsed<T>): Option<T> {
  return { fallback, fits, about, read }
}

export function integer(fallback: number, min: number, max: number, unit: string, about: string): Option<number> {
  const fits = `a whole number${unit && ` of ${unit}`} from ${min} to ${max}`
  return { fallback, fits, about, read: (text) => readInteger(text, min, max) }
}

export function milliseconds(fallback: number, min: number, about: string): Option<number> {
  return integer(fallback, min, longestTimerMs, 'milliseconds', about)
}

export function seconds(fallback: number, about: string): Option<number> {
  return integer(fallback, 0, Math.floor(longestTimerMs / 1000), 'seconds', about)
}

export function bytes(fallback: number, max: number, about: string): Option<number> {
  return integer(fallback, 1, max, 'bytes', about)
}

/** A size without a default of its own: what uses it says how much there is without one. */
export function bytesOrNone(max: number, about: string): Option<number | undefined> {
  return { ...bytes(1, max, about), fallback: undefined }
}

export function toggle(fallback: boolean, about: string): Option<boolean> {
  return { fallback, fits: 'on or off', about, kind: 'switch', read: readToggle }
}

export function choice<T extends string>(fallback: NoInfer<T>, values: readonly T[], about: string): Option<T> {
  const read = (text: string) => {
    const value = values.find((candidate) => candidate === text.toLowerCase())
    return value === undefined ? { misfit: clip(text) } : { value }
  }
  return { fallback, fits: `one of ${values.join(', ')}`, about, read }
}

export function list(
  fits: string,
  about: string,
  readItem: (item: string) => Parsed<string>,
): Option<readonly string[]> {
  return { fallback: Object.freeze([]), fits, about, read: (text) => readList(text, readItem) }
}

export function text(fits: string, about: string): Option<string | undefined> {
  return { fallback: undefined, fits, about, read: (given) => ({ value: given }) }
}

export function words(about: string): Option<readonly string[]> {
  return list('words without blanks, separated by commas', about, (word) => ({ value: word }))
}

export function secret(about: string): Option<string | undefined> {
  const fits = 'printable ASCII characters, neither beginning nor ending with a blank'
  return { fallback: undefined, fits, about, kind: 'secret', read: readSecret }
}

// The option table: reads flags over ENCKE_* variables over defaults, all checked at once, and describes its options.
//
// Always true:
//   - an option is one row; its flag, its variable, the usage text and the documents follow from that row;
//   - all complaints are made together: about what is unknown, what does not fit and what contradicts something else;
//   - no secret is ever repeated in a complaint.

import { ConfigError } from './config-error.ts'
import type { ConfigFile } from './config-file.ts'
import { type Question, readFlags } from './flags.ts'
import { type Environment, type Given, readProgram, readVariables } from './given.ts'
import type { Options, ValuesOf } from './option.ts'
import { flagOf, OptionNames, variableOf } from './option-names.ts'
import { notShown } from './readers.ts'
import { withoutSecrets } from './without-secrets.ts'

/** What is known while options are compared. */
export interface Comparison<T extends Options> {
  readonly values: ValuesOf<T>
  /** Whether none of them has a complaint of its own: otherwise a rule about them is silent. */
  areSound(...keys: (keyof T)[]): boolean
  /** The flag or the variable that the value came by. */
  nameOf(key: keyof T): string
  /** The value, and whether it is the default. */
  show(key: keyof T): string
}

/** What options say together: a complaint, or undefined. */
export type Rule<T extends Options> = (comparison: Comparison<T>) => string | undefined

export interface OptionDescription<Key> {
  readonly key: Key
  readonly flag: string
  readonly variable: string
  readonly fallback: string
  readonly fits: string
  readonly about: string
}

export class OptionTable<T extends Options> {
  readonly #options: T
  readonly #rules: readonly Rule<T>[]
  readonly #names: OptionNames

  constructor(options: T, rules: readonly Rule<T>[]) {
    this.#options = options
    this.#rules = rules
    this.#names = new OptionNames(options)
  }

  /**
   * Read the words after the program's name, the environment and a file, the first of which wins.
   *
   * `--help` and `--version` are not its business: see `askedFor`.
   *
   * @throws ConfigError ENCKE_ERR_CONFIG with every complaint there is
   */
  read(argv: readonly string[], env: Environment, file?: ConfigFile): ValuesOf<T> {
    const flags = readFlags(this.#names, argv)
    const variables = readVariables(this.#names, env)
    const inFile = readProgram(this.#names, file?.values ?? {}, file && `${file.name}: `)
    const given: Given = new Map([...inFile.given, ...variables.given, ...flags.given])
    return this.#check(given, [...flags.complaints, ...variables.complaints, ...inFile.complaints])
  }

  /** What flags and variables say of one option, before anything is checked. */
  textOf(key: keyof T & string, argv: readonly string[], env: Environment): string | undefined {
    const { given } = readFlags(this.#names, argv)
    return (given.get(key) ?? readVariables(this.#names, env).given.get(key))?.text
  }

  /** Values as a file has them; a secret is not shown. */
  show(values: ValuesOf<T>): Record<string, unknown> {
    return Object.fromEntries(
      Object.keys(this.#options).map((key) => {
        const value = values[key]
        const isHidden = value !== undefined && this.#names.optionOf(key).kind === 'secret'
        return [key, isHidden ? notShown : typeof value === 'string' ? withoutSecrets(value) : (value ?? null)]
      }),
    )
  }

  /** The options whose values are not the defaults. */
  changed(values: ValuesOf<T>): Record<string, unknown> {
    const shown = Object.entries(this.show(values))
    return Object.fromEntries(shown.filter(([key]) => values[key] !== this.#names.optionOf(key).fallback))
  }

  /**
   * Read the words of a command, of which some belong to no flag. Of the environment only its own variables are looked at.
   *
   * @throws ConfigError ENCKE_ERR_CONFIG with every complaint there is
   */
  readCommand(argv: readonly string[], env: Environment): { values: ValuesOf<T>; words: readonly string[] } {
    const words: string[] = []
    const flags = readFlags(this.#names, argv, words)
    const own = Object.fromEntries(Object.entries(env).filter(([name]) => this.#names.keyOfVariable.has(name)))
    const given: Given = new Map([...readVariables(this.#names, own).given, ...flags.given])
    return { values: this.#check(given, flags.complaints), words }
  }

  /**
   * Read values that a program gives, by key; what is left out or undefined has its default.
   *
   * @throws ConfigError ENCKE_ERR_CONFIG with every complaint there is
   */
  complete(values: Partial<ValuesOf<T>>): ValuesOf<T> {
    const { given, complaints } = readProgram(this.#names, values)
    return this.#check(given, complaints)
  }

  /** Say whether the command line asks for the usage text or the version instead of a server. */
  askedFor(argv: readonly string[]): Question | undefined {
    return readFlags(this.#names, argv).asked
  }

  /** The options as people read them, in the order of the table. */
  describe(): OptionDescription<keyof T & string>[] {
    return (Object.keys(this.#options) as (keyof T & string)[]).map((key) => {
      const { fallback, fits, about } = this.#names.optionOf(key)
      return { key, flag: flagOf(key), variable: variableOf(key), fallback: showFallback(fallback), fits, about }
    })
  }

  #check(given: Given, unknown: readonly string[]): ValuesOf<T> {
    const { values, complaints: misfits, misfitting } = this.#readValues(given)
    const comparison = compare(values, misfitting, given)
    const contradictions = this.#rules.map((rule) => rule(comparison)).filter((complaint) => complaint !== undefined)
    const complaints = [...unknown, ...misfits, ...contradictions]
    if (complaints.length > 0) throw new ConfigError('ENCKE_ERR_CONFIG', complaints)
    return Object.freeze(values)
  }

  #readValues(given: Given) {
    const values = Object.fromEntries(Object.entries(this.#options).map(([key, { fallback }]) => [key, fallback]))
    const complaints: string[] = []
    const misfitting = new Set<string>()
    for (const [key, { source, text }] of given) {
      const { kind, fits, read } = this.#names.optionOf(key)
      const parsed = read(kind === 'secret' ? text : text.trim())
      if ('value' in parsed) values[key] = parsed.value
      else {
        misfitting.add(key)
        complaints.push(`${source} must be ${fits} (got ${parsed.misfit})`)
      }
    }
    return { values: values as ValuesOf<T>, complaints, misfitting }
  }
}

function compare<T extends Options>(values: ValuesOf<T>, misfitting: ReadonlySet<string>, given: Given): Comparison<T> {
  return {
    values,
    areSound: (...keys) => !keys.some((key) => misfitting.has(String(key))),
    nameOf: (key) => given.get(String(key))?.source ?? flagOf(String(key)),
    show: (key) => `${values[key]}${given.has(String(key)) ? '' : ', the default'}`,
  }
}

function showFallback(fallback: unknown): string {
  if (typeof fallback === 'boolean') return fallback ? 'on' : 'off'
  return fallback === undefined || (Array.isArray(fallback) && fallback.length === 0) ? 'none' : String(fallback)
}

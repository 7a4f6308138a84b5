// The names of options: a flag and a variable follow from each key.

import type { Option, Options } from './option.ts'

export function flagOf(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

export function variableOf(key: string): string {
  return `ENCKE_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** Finds options by the names that people give them. */
export class OptionNames {
  readonly keyOfFlag: ReadonlyMap<string, string>
  readonly keyOfVariable: ReadonlyMap<string, string>
  readonly #options: Options

  constructor(options: Options) {
    const keys = Object.keys(options)
    this.#options = options
    this.keyOfFlag = new Map(keys.map((key) => [flagOf(key), key]))
    this.keyOfVariable = new Map(keys.map((key) => [variableOf(key), key]))
  }

  optionOf(key: string): Option<unknown> {
    return this.#options[key] as Option<unknown>
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#options, key)
  }

  isSwitch(key: string): boolean {
    return this.optionOf(key).kind === 'switch'
  }
}

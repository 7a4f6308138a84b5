// The names of a node: each belongs to at most one process, and a process has at most one.

import { BadArgument } from './exit.ts'
import type { Life } from './life.ts'

export class Names {
  readonly #processes = new Map<string, Life>()

  get all(): string[] {
    return [...this.#processes.keys()]
  }

  find(name: string): Life | undefined {
    return this.#processes.get(name)
  }

  /** @throws BadArgument if nobody has the name */
  get(name: string): Life {
    const process = this.find(name)
    if (process === undefined)
      throw new BadArgument(`nobody is called '${name}': register a process by that name first`)
    return process
  }

  /** @throws BadArgument if the name is taken, or the process has one or is dead */
  register(name: string, process: Life): void {
    const holder = this.find(name)
    if (holder !== undefined) throw new BadArgument(`the name '${name}' is taken, by ${holder}: unregister it first`)
    if (!process.lives) throw new BadArgument(`${process} cannot be called '${name}': it is dead`)
    const ties = process.tied()
    if (ties.name !== null) throw new BadArgument(`${process} has a name already, '${ties.name}': unregister it first`)
    ties.name = name
    this.#processes.set(name, process)
  }

  /** @throws BadArgument if nobody has the name */
  unregister(name: string): void {
    const { ties } = this.get(name)
    if (ties !== null) ties.name = null
    this.#processes.delete(name)
  }
}

// The model's timers: a list, searched from end to end.

export interface ModelTimer {
  readonly due: number
  readonly fire: () => void
}

export class ModelClock {
  readonly #now: () => number
  /** In the order in which they were set, which is the order in which those due together go off. */
  readonly #timers: ModelTimer[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  get now(): number {
    return this.#now()
  }

  get size(): number {
    return this.#timers.length
  }

  set(due: number, fire: () => void): ModelTimer {
    const timer = { due, fire }
    this.#timers.push(timer)
    return timer
  }

  isSet(timer: ModelTimer): boolean {
    return this.#timers.includes(timer)
  }

  unset(timer: ModelTimer): void {
    if (this.isSet(timer)) this.#timers.splice(this.#timers.indexOf(timer), 1)
  }

  /** Let go off what must have gone off by now. */
  catchUp(): void {
    for (let timer = this.#first(); timer !== undefined && timer.due <= this.now; timer = this.#first()) {
      this.unset(timer)
      timer.fire()
    }
  }

  #first(): ModelTimer | undefined {
    let first: ModelTimer | undefined
    for (const timer of this.#timers) if (first === undefined || timer.due < first.due) first = timer
    return first
  }
}

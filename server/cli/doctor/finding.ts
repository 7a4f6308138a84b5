// What the doctor finds: one sentence about the path, and what to do about it.

export interface Finding {
  /** `skipped`: it could not be found out, and why. `note`: good to know, nothing is broken. */
  readonly result: 'ok' | 'note' | 'problem' | 'skipped'
  /** What was looked at, for programs. */
  readonly about: string
  readonly text: string
}

/** Makes the findings of one examination. */
export class Findings {
  readonly #about: string
  readonly all: Finding[] = []

  constructor(about: string) {
    this.#about = about
  }

  ok(text: string): this {
    return this.#add('ok', text)
  }

  note(text: string): this {
    return this.#add('note', text)
  }

  problem(text: string): this {
    return this.#add('problem', text)
  }

  skipped(text: string): this {
    return this.#add('skipped', text)
  }

  #add(result: Finding['result'], text: string): this {
    this.all.push({ result, about: this.#about, text })
    return this
  }
}

// Inboxes in shared memory: what threads have for channels.
//
// Always true, by the programs that use them:
//   - only one thread at a time sends to an inbox, and only one receives from it;
//   - so few messages are in an inbox at once that the slots suffice: it would be an error, and never overwritten.
//
// `sent` and `taken` only grow, and whoever waits sleeps in the operating system until the other one has moved. The main
// thread must not sleep, because a server lives on it: `main-thread.ts` says how that one waits.

/** How many messages an inbox holds: a ball and an exit, with room to see that it is never more. */
const slots = 4
const sent = 0
const taken = 1
const firstSlot = 2
const cellsEach = firstSlot + slots

export class SharedInboxes {
  readonly #cells: Int32Array<SharedArrayBuffer>

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory)
  }

  static allocate(count: number): SharedArrayBuffer {
    return new SharedArrayBuffer(count * cellsEach * Int32Array.BYTES_PER_ELEMENT)
  }

  /** Put `message` in. Does not wait. @throws Error if the inbox is full */
  put(inbox: number, message: number): void {
    const base = inbox * cellsEach
    const number = Atomics.load(this.#cells, base + sent)
    if (number - Atomics.load(this.#cells, base + taken) >= slots) throw new Error(`inbox ${inbox} is full`)
    Atomics.store(this.#cells, base + firstSlot + (number % slots), message)
    Atomics.store(this.#cells, base + sent, number + 1)
    Atomics.notify(this.#cells, base + sent)
  }

  /** Block until the receiver has taken everything: the other half of a rendezvous. */
  waitUntilTaken(inbox: number): void {
    for (let state = this.progress(inbox); state.taken < state.sent; state = this.progress(inbox)) {
      Atomics.wait(this.#cells, inbox * cellsEach + taken, state.taken)
    }
  }

  /** Block until there is a message, and take it. */
  receive(inbox: number): number {
    for (;;) {
      const message = this.tryReceive(inbox)
      if (message !== undefined) return message
      Atomics.wait(this.#cells, inbox * cellsEach + sent, this.progress(inbox).taken)
    }
  }

  /** Take a message if there is one. */
  tryReceive(inbox: number): number | undefined {
    const base = inbox * cellsEach
    const state = this.progress(inbox)
    if (state.sent === state.taken) return undefined
    const message = Atomics.load(this.#cells, base + firstSlot + (state.taken % slots))
    Atomics.store(this.#cells, base + taken, state.taken + 1)
    Atomics.notify(this.#cells, base + taken)
    return message
  }

  /** A promise of the next send to the inbox, where there are only `from` so far; for the main thread. */
  nextSend(inbox: number, from: number): Promise<unknown> {
    return this.#nextMove(inbox * cellsEach + sent, from)
  }

  /** The same of the next receive from it. */
  nextTake(inbox: number, from: number): Promise<unknown> {
    return this.#nextMove(inbox * cellsEach + taken, from)
  }

  /** Settle such promises, so that nobody stays behind who has lost interest. */
  stir(inbox: number): void {
    Atomics.notify(this.#cells, inbox * cellsEach + sent)
    Atomics.notify(this.#cells, inbox * cellsEach + taken)
  }

  /** How many messages were sent and taken so far. */
  progress(inbox: number): { readonly sent: number; readonly taken: number } {
    const base = inbox * cellsEach
    return { sent: Atomics.load(this.#cells, base + sent), taken: Atomics.load(this.#cells, base + taken) }
  }

  #nextMove(cell: number, from: number): Promise<unknown> {
    const waiting = Atomics.waitAsync(this.#cells, cell, from)
    return Promise.resolve(waiting.value)
  }
}

// What a broadcast should do: all that was ever published, in one array, and how far each reader has come.

export class ModelBroadcast {
  readonly #capacity: number
  readonly #published: number[] = []
  /** How many of them each subscription has been told of; null once it is disposed of. */
  readonly #positions: (number | null)[]
  #isClosed = false

  constructor(capacity: number, subscriptions: number) {
    this.#capacity = capacity
    this.#positions = new Array<number | null>(subscriptions).fill(0)
  }

  /** What `publish` gives. */
  publish(value: number): string {
    if (this.#isClosed) return 'closed'
    this.#published.push(value)
    return `position ${this.#published.length}`
  }

  close(): boolean {
    const wasOpen = !this.#isClosed
    this.#isClosed = true
    return wasOpen
  }

  dispose(subscription: number): void {
    this.#positions[subscription] = null
  }

  /** What waiting for a change comes to now; null if it had to wait. */
  change(subscription: number): string | null {
    const position = this.#position(subscription)
    if (position !== null && position < this.#published.length) return `changed ${subscription}`
    return position === null || this.#isClosed ? 'closed' : null
  }

  /** What reading comes to. */
  peek(subscription: number, limit: number): string {
    const position = this.#position(subscription)
    if (position === null) return 'closed'
    const from = this.#from(position)
    const values = this.#published.slice(from, from + limit)
    const more = from + values.length < this.#published.length
    return `[${values.join(' ')}], ${from - position} missed, ${more ? 'and more' : 'no more'}`
  }

  read(subscription: number, limit: number): string {
    const position = this.#position(subscription)
    const outcome = this.peek(subscription, limit)
    if (position !== null) {
      this.#positions[subscription] = Math.min(this.#from(position) + limit, this.#published.length)
    }
    return outcome
  }

  #position(subscription: number): number | null {
    return this.#positions[subscription] as number | null
  }

  #from(position: number): number {
    return Math.max(position, this.#published.length - this.#capacity)
  }
}

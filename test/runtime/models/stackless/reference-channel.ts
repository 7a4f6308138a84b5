// What the channels of Stackless promise, said as simply as possible: arrays, no coroutines. `channel-model.test.ts` runs
// random programs against it.

export type Outcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'received'; readonly value: unknown }
  | { readonly kind: 'thrown'; readonly error: unknown }
  | { readonly kind: 'closed' }

export interface Parcel {
  readonly value: unknown
  readonly isException: boolean
}

/** One operation of one tasklet; `outcome` is there once it has been met, refused or thrown out of. */
export interface Pending {
  readonly tasklet: number
  readonly parcel: Parcel | null
  outcome: Outcome | null
}

export class ReferenceChannel {
  closing = false
  readonly queue: Pending[] = []

  get balance(): number {
    return this.queue[0]?.parcel == null ? -this.queue.length : this.queue.length
  }

  begin(tasklet: number, parcel: Parcel | null): Pending {
    const pending: Pending = { tasklet, parcel, outcome: null }
    const [first] = this.queue
    if (first !== undefined && (first.parcel === null) !== (parcel === null)) {
      this.queue.shift()
      meet(first, pending)
    } else if (this.closing) {
      pending.outcome = { kind: 'closed' }
    } else {
      this.queue.push(pending)
    }
    return pending
  }

  /** Take out what `tasklet` waits for here, and say what it was. */
  remove(tasklet: number): Pending | undefined {
    const index = this.queue.findIndex((pending) => pending.tasklet === tasklet)
    return index < 0 ? undefined : this.queue.splice(index, 1)[0]
  }
}

function meet(one: Pending, other: Pending): void {
  for (const [pending, partner] of [
    [one, other],
    [other, one],
  ] as const) {
    if (pending.parcel !== null) pending.outcome = { kind: 'sent' }
    else pending.outcome = received(partner.parcel as Parcel)
  }
}

function received({ value, isException }: Parcel): Outcome {
  return isException ? { kind: 'thrown', error: value } : { kind: 'received', value }
}

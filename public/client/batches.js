// Batches one after another, for `for await`: the next poll waits until the loop's body is done with the last.

/** @typedef {import('../client.js').OnMessages} OnMessages */
/** @typedef {import('../client.js').State} State */
/** @typedef {import('../client.js').Handle} Handle */

/**
 * @param {(take: OnMessages, onState: (state: State) => void) => Handle} begin
 * @param {((state: State) => void) | undefined} onState
 */
export function batchesOf(begin, onState) {
  /** @type {{ messages: import('../client.js').Message[], cursor: string, done: (value?: unknown) => void }[]} */
  const batches = []
  let wake = () => {}
  /** @type {State | undefined} */
  let end
  const handle = begin(
    (messages, cursor) =>
      new Promise((done) => {
        batches.push({ messages, cursor, done })
        wake()
      }),
    (state) => {
      if (state.name === 'closed') end = state
      wake()
      onState?.(state)
    },
  )

  async function* iterate() {
    try {
      for (;;) {
        const batch = batches.shift()
        if (batch) {
          const { done, ...given } = batch
          yield given
          done()
        } else if (end?.error) throw end.error
        else if (end) return
        else
          await new Promise((resolve) => {
            wake = () => resolve(0)
          })
      }
    } finally {
      handle.close()
    }
  }

  return Object.defineProperty(handle, Symbol.asyncIterator, { value: iterate })
}

// Batches one after another, for `for await`: the next poll waits until the loop's body is done with the last.

/** @typedef {import('../client.js').OnMessages} OnMessages */
/** @typedef {import('../client.js').State} State */
/** @typedef {import('../client.js').Handle} Handle */

/**
 * @param {(take: OnMessages, onState: (state: State) => void) => Handle} begin
 * @param {((state: State) => void) | undefined} onState
 */
export function batchesOf(begin, onState) {
  /** @type {{ messages: import('../client.js').Message[], cursor: string } | undefined} */
  let batch
  /** @type {State | undefined} */
  let end
  let wake = () => {}
  let done = () => {}
  const handle = begin(
    (messages, cursor) =>
      new Promise((resolve) => {
        batch = { messages, cursor }
        done = () => resolve(0)
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
      while (batch || !end) {
        const given = batch
        batch = undefined
        if (given) {
          yield given
          done()
        } else
          await new Promise((resolve) => {
            wake = () => resolve(0)
          })
      }
      if (end.error) throw end.error
    } finally {
      handle.close()
    }
  }

  return Object.defineProperty(handle, Symbol.asyncIterator, { value: iterate })
}

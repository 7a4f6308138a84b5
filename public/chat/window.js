// Which entries of a long list are on the page: a run of them that moves as one scrolls.
//
// Always true: at most `most` are; while it stands at the end, what is added is among them.

const atFirst = 200
/** Few, so that they are made and laid out within a frame or two. */
const portion = 20
const most = 400

/** @template Entry */
export class Window {
  /** The last entry on the page; undefined stands for the newest, whichever that is. @type {Entry | undefined} */
  #last
  #size = atFirst
  /** @type {Entry | undefined} */
  #newest

  get isAtEnd() {
    return this.#last === undefined
  }

  toEnd() {
    this.#last = undefined
    this.#size = atFirst
  }

  /** What is added from now on is not shown before one comes to it. */
  stay() {
    this.#last ??= this.#newest
  }

  /** The entries of a list that are on the page. @param {Entry[]} list */
  of(list) {
    const end = this.#endIn(list)
    this.#newest = list.at(-1)
    if (end === list.length) this.#last = undefined
    return list.slice(Math.max(end - this.#size, 0), end)
  }

  /** Show older ones. False if there are none. @param {Entry[]} list */
  moveUp(list) {
    const end = this.#endIn(list)
    if (end <= this.#size) return false
    if (this.#size < most) this.#size += portion
    else this.#last = list[end - portion - 1]
    return true
  }

  /** Show newer ones. False if there are none. @param {Entry[]} list */
  moveDown(list) {
    const end = this.#endIn(list)
    if (end === list.length) return false
    this.#last = list[Math.min(end + portion, list.length) - 1]
    return true
  }

  /** @param {Entry[]} list */
  #endIn(list) {
    const at = this.#last === undefined ? -1 : list.lastIndexOf(this.#last)
    return at < 0 ? list.length : at + 1
  }
}

// What a program must have got right before anybody looks at its time.

/**
 * Give `is`, if it is what it should be.
 *
 * @param {string} what
 * @param {number} is
 * @param {number} shouldBe
 * @returns {number}
 * @throws Error when it is not
 */
export function check(what, is, shouldBe) {
  if (is !== shouldBe) throw new Error(`${what} should be ${shouldBe} (got ${is})`)
  return is
}

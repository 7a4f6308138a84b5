// What is known of the bytes of requests that repeat.

/** The bytes of a request, but for some values in it. */
export interface Template<Values> {
  /** The values in `bytes`, when they are the same request otherwise. */
  valuesIn(bytes: Buffer): Values | undefined
  /** The whole request, with `values`. */
  with(values: Values): string
}

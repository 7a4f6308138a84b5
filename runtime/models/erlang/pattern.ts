// Patterns: which messages a receive wants.
//
// A pattern is a predicate, or a value with the shape that is wanted: every property that it has must fit, and what it does
// not mention may be anything. What is no plain object or array, as a pid or a monitor, is compared by identity.

/** What is wanted of a message. A predicate is called by the sender when the message comes: it must only look. */
export type Pattern<Message> = ((message: Message) => boolean) | Shape<Message> | AnyOf<readonly unknown[]>

type Shape<T> = T extends object ? { readonly [Name in keyof T]?: Shape<T[Name]> } : T

/** The messages that a pattern lets through: of a union those that can fit. */
export type Matched<Message, P> =
  P extends AnyOf<infer Patterns>
    ? Matched<Message, Patterns[number]>
    : // biome-ignore lint/suspicious/noExplicitAny: a guard for less than all messages takes no `never`.
      P extends (message: any) => message is infer Wanted
      ? Wanted
      : P extends (message: never) => boolean
        ? Message
        : Fitting<Message, P>

type Fitting<Message, P> = unknown extends Message
  ? Message
  : P extends object
    ? Message extends unknown
      ? false extends {
          [Name in keyof P]: Name extends keyof Message ? Overlap<P[Name], Message[Name]> : false
        }[keyof P]
        ? never
        : Message
      : never
    : Extract<Message, P>

type Overlap<A, B> = [A] extends [B] ? true : [B] extends [A] ? true : false

/** Want what any of `patterns` wants, as the clauses of one receive do. */
export function anyOf<const Patterns extends readonly unknown[]>(...patterns: Patterns): AnyOf<Patterns> {
  return new AnyOf(patterns)
}

class AnyOf<Patterns extends readonly unknown[]> {
  readonly patterns: Patterns

  constructor(patterns: Patterns) {
    this.patterns = patterns
  }
}

/** Whether `message` is as `pattern` says. @throws what a predicate throws */
export function fits(pattern: unknown, message: unknown): boolean {
  if (typeof pattern === 'function') return pattern(message) === true
  if (pattern instanceof AnyOf) return (pattern.patterns as readonly unknown[]).some((clause) => fits(clause, message))
  if (!isPlain(pattern)) return Object.is(pattern, message)
  if (typeof message !== 'object' || message === null) return false
  // A tuple fits a tuple of the same length.
  if (Array.isArray(pattern) && !(Array.isArray(message) && message.length === pattern.length)) return false
  return Object.entries(pattern).every(([name, part]) => fits(part, (message as Record<string, unknown>)[name]))
}

function isPlain(pattern: unknown): pattern is object {
  if (typeof pattern !== 'object' || pattern === null) return false
  const prototype = Object.getPrototypeOf(pattern)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}

// The loggers of requests are made when something is logged: most requests log nothing, and ten thousand of them wait.

import type { FastifyBaseLogger } from 'fastify'

/** The same logger, whose children are made when they are first used. */
export function withLazyChildren(logger: FastifyBaseLogger): FastifyBaseLogger {
  const lazy = Object.create(logger) as FastifyBaseLogger
  lazy.child = (bindings, options) => lazyChild(logger, bindings, options)
  return lazy
}

function lazyChild(parent: FastifyBaseLogger, bindings: Child[0], options: Child[1]): FastifyBaseLogger {
  // Fastify makes an object for the options of each request, and nearly always an empty one.
  const given = options !== undefined && Object.keys(options).length > 0 ? options : undefined
  return new LazyChild(parent, bindings, given) as unknown as FastifyBaseLogger
}

type Child = Parameters<FastifyBaseLogger['child']>

class LazyChild {
  readonly #parent: FastifyBaseLogger
  readonly #bindings: Child[0]
  readonly #options: Child[1]
  #made: FastifyBaseLogger | null = null

  constructor(parent: FastifyBaseLogger, bindings: Child[0], options: Child[1]) {
    this.#parent = parent
    this.#bindings = bindings
    this.#options = options
  }

  get level(): string {
    return this.#parent.level
  }

  child(bindings: Child[0], options: Child[1]): FastifyBaseLogger {
    return lazyChild(this.#logger, bindings, options)
  }

  trace(...line: Parameters<FastifyBaseLogger['trace']>): void {
    this.#logger.trace(...line)
  }

  debug(...line: Parameters<FastifyBaseLogger['debug']>): void {
    this.#logger.debug(...line)
  }

  info(...line: Parameters<FastifyBaseLogger['info']>): void {
    this.#logger.info(...line)
  }

  warn(...line: Parameters<FastifyBaseLogger['warn']>): void {
    this.#logger.warn(...line)
  }

  error(...line: Parameters<FastifyBaseLogger['error']>): void {
    this.#logger.error(...line)
  }

  fatal(...line: Parameters<FastifyBaseLogger['fatal']>): void {
    this.#logger.fatal(...line)
  }

  silent(...line: Parameters<FastifyBaseLogger['silent']>): void {
    this.#logger.silent(...line)
  }

  get #logger(): FastifyBaseLogger {
    this.#made ??= this.#parent.child(this.#bindings, this.#options)
    return this.#made
  }
}

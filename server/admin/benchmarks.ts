// The benchmarks over HTTP: one at a time, beside the polls, whose slices alternate with its own.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Coroutine, Host, Scheduler } from '../../runtime/index.ts'
import { Cancelled, Latch, scope, select, until } from '../../runtime/index.ts'
import type { Admission } from '../access/admission.ts'
import { requireRight } from '../access/rights.ts'
import { models, smallerSizes } from '../benchmarks/models.ts'
import { published, publishedNotes } from '../benchmarks/published.ts'
import type { BenchmarkRequest } from '../benchmarks/request.ts'
import { limits, readChainRequest, readHackysackRequest } from '../benchmarks/request.ts'
import type { BenchmarkReport, Progress, RunOptions } from '../benchmarks/run.ts'
import { EnckeError, errorBody } from '../errors.ts'
import { takeJson } from '../http/bodies.ts'
import { inCoroutine } from '../http/coroutine-handler.ts'
import type { Draining } from '../http/draining.ts'
import type { EventStream } from '../http/event-stream.ts'
import type { EventStreams } from '../http/event-streams.ts'
import { eventText } from '../http/event-text.ts'
import { catalogueSchema, chainSchema, compileBenchmarkValidator, hackysackSchema } from './benchmark-schemas.ts'
import { cancelSchema } from './control-schemas.ts'

export interface BenchmarkOptions {
  readonly scheduler: Scheduler
  /** Where the runs, which have schedulers of their own, get their turns. */
  readonly host: Host
  /** How long a run may hold that host before the polls get their turn, in milliseconds. */
  readonly sliceMs: number
  readonly draining: Draining
  readonly eventStreams: EventStreams
}

export async function benchmarkRoutes(app: FastifyInstance, options: BenchmarkOptions): Promise<void> {
  const { scheduler, host, sliceMs, draining, eventStreams } = options
  let underWay: BenchmarkRequest | undefined
  /** Opens when an operator ends the one that runs; there is a new one for each. */
  let ended = new Latch('an end by an operator')

  function* run(
    request: BenchmarkRequest,
    admission: Admission,
    onProgress?: (progress: Progress) => void,
  ): Coroutine<BenchmarkReport> {
    underWay = request
    try {
      return yield* untilEnded(ended, draining, admission, () =>
        play(request, { host, sliceMs, ...(onProgress && { onProgress }) }),
      )
    } finally {
      underWay = undefined
    }
  }

  function* runWithEvents(request: BenchmarkRequest, admission: Admission, events: EventStream): Coroutine<void> {
    try {
      const report = yield* run(request, admission, (progress) => events.offer(told('progress', progress)))
      events.push(told('result', report))
    } catch (error) {
      if (error instanceof Cancelled) throw error
      // The status has been sent long ago: the failure is an event like the others.
      events.push(told('error', errorBody(asEnckeError(error, app))))
    }
  }

  function* answer(request: BenchmarkRequest, http: FastifyRequest, reply: FastifyReply): Coroutine<unknown> {
    if (draining.begun.isOpen) throw goingAway()
    if (underWay !== undefined) throw busy(underWay)
    underWay = request
    ended = new Latch('an end by an operator')
    if (!wantsEvents(http)) return yield* run(request, http.admission)
    try {
      return yield* eventStreams.open(reply, (events) => runWithEvents(request, http.admission, events))
    } finally {
      underWay = undefined
    }
  }

  function cancel(): { readonly cancelled: boolean } {
    ended.open()
    return { cancelled: underWay !== undefined }
  }

  requireRight(app, 'administer')
  app.setValidatorCompiler(compileBenchmarkValidator)
  takeJson(app)
  app.get('/admin/benchmarks', { schema: catalogueSchema }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return { models, limits, smallerSizes, published, notes: publishedNotes, underWay: underWay ?? null }
  })
  app.post(
    '/admin/benchmarks/chain',
    { schema: chainSchema, config: { isBodyOptional: true } },
    inCoroutine(scheduler, (request, reply) => answer(readChainRequest(request.body), request, reply)),
  )
  app.post(
    '/admin/benchmarks/hackysack',
    { schema: hackysackSchema, config: { isBodyOptional: true } },
    inCoroutine(scheduler, (request, reply) => answer(readHackysackRequest(request.body), request, reply)),
  )
  app.post('/admin/benchmarks/cancel', { schema: cancelSchema, config: { isBodyOptional: true } }, async () => cancel())
}

/** With the programs of all models, which are loaded by the first who runs one. */
function* play(request: BenchmarkRequest, options: RunOptions): Coroutine<BenchmarkReport> {
  const { runBenchmark } = yield* until(import('../benchmarks/run.ts'))
  return yield* runBenchmark(request, options)
}

/** Run `body`, but not beyond the moment at which an operator ends it, its token ends, or the server begins to go away. */
function untilEnded<T>(ended: Latch, draining: Draining, admission: Admission, body: () => Coroutine<T>) {
  return scope<T>(function* benchmark(here) {
    const work = here.spawn(body)
    const cases = {
      done: work.join(),
      away: draining.begun.wait(),
      ended: ended.wait(),
      expired: admission.ended(),
    }
    const woken = yield* select(cases, { order: 'first' })
    if (woken.case === 'done') return woken.value
    if (woken.case === 'away') throw goingAway()
    throw woken.case === 'ended'
      ? new EnckeError('ENCKE_ERR_BENCHMARK_CANCELLED', 'an operator has ended it')
      : new EnckeError('ENCKE_ERR_TOKEN_EXPIRED', 'the token has expired while the benchmark ran: get a new one')
  })
}

function told(event: string, data: unknown): string {
  return eventText({ event, data: JSON.stringify(data) })
}

function wantsEvents({ headers }: FastifyRequest): boolean {
  return /\btext\/event-stream\b/i.test(headers.accept ?? '')
}

function asEnckeError(error: unknown, app: FastifyInstance): EnckeError {
  if (error instanceof EnckeError) return error
  app.log.error(error)
  return new EnckeError('ENCKE_ERR_INTERNAL', 'the server failed; its log says how')
}

function goingAway(): EnckeError {
  return new EnckeError('ENCKE_ERR_SERVER_DRAINING', 'the server is going away: run the benchmark on another')
}

function busy(underWay: BenchmarkRequest): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_BENCHMARK_BUSY',
    `one benchmark runs at a time, and this one is running: ${JSON.stringify(underWay)}; wait for its end`,
  )
}

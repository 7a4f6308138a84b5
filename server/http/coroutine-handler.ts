// The bridge: a generator function becomes a route's handler.
//
// Each request is a root coroutine of its own. Its result or its error becomes the reply; the client going away (the
// response closes before it was finished) cancels it, and its `using` and `finally` release what it held.

import type { FastifyReply, FastifyRequest, RouteGenericInterface, RouteHandlerMethod } from 'fastify'
import type { Coroutine, Scheduler } from '../../runtime/index.ts'
import { Cancelled, TaskCancelled } from '../../runtime/index.ts'

export type CoroutineHandler<Route extends RouteGenericInterface = RouteGenericInterface> = (
  request: FastifyRequest<Route>,
  reply: FastifyReply,
) => Coroutine<unknown>

/** How much of a URL stands in a dump: a poll of a hundred topics has a long one. */
export const longestLabel = 200

/** Handle a route in a coroutine. What it returns is sent, unless it is the reply; what it throws goes to the error handler. */
export function inCoroutine<Route extends RouteGenericInterface>(
  scheduler: Scheduler,
  handler: CoroutineHandler<Route>,
): RouteHandlerMethod {
  return (request, reply) => {
    const response = reply.raw
    const task = scheduler.run(serve<Route>, handler, request as FastifyRequest<Route>, reply)
    // Not assigned where it is written: V8 makes such a function in the old generation, for it looks like a method, and
    // every finished request that it can reach then stays until a full collection.
    const label = () => `${request.method} ${request.url.slice(0, longestLabel)} for ${request.admission.client}`
    task.label = label
    response.on('close', () => {
      if (!response.writableFinished) task.cancel('the client went away')
    })
  }
}

// It answers itself: a promise of the result, for Fastify to wait for, would be most of what a poll that waits adds to
// its request in memory, and two trips through the queue of microtasks.
function* serve<Route extends RouteGenericInterface>(
  handler: CoroutineHandler<Route>,
  request: FastifyRequest<Route>,
  reply: FastifyReply,
): Coroutine<void> {
  try {
    const answer = yield* handler(request, reply)
    if (answer !== reply) reply.send(answer)
  } catch (error) {
    if (!(error instanceof Cancelled)) {
      reply.send(error)
      return
    }
    // There is nobody to answer. Without this Fastify would answer all the same, and log that it could not.
    if (reply.raw.destroyed) reply.hijack()
    else reply.send(new TaskCancelled(request.url, error.reason))
    throw error
  }
}

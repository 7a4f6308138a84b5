// The bridge: a generator function becomes a route's handler.
//
// Each request is a root coroutine of its own. Its result or its error becomes the reply; the client going away (the
// response closes before it was finished) cancels it, and its `using` and `finally` release what it held.

import type { FastifyReply, FastifyRequest, RouteGenericInterface, RouteHandlerMethod } from 'fastify'
import type { Coroutine, Scheduler } from '../../runtime/index.ts'
import { TaskCancelled } from '../../runtime/index.ts'

export type CoroutineHandler<Route extends RouteGenericInterface = RouteGenericInterface> = (
  request: FastifyRequest<Route>,
  reply: FastifyReply,
) => Coroutine<unknown>

/** How much of a URL stands in a dump: a poll of a hundred topics has a long one. */
const longestLabel = 200

/** Handle a route in a coroutine. What it returns is sent, what it throws goes to the error handler. */
export function inCoroutine<Route extends RouteGenericInterface>(
  scheduler: Scheduler,
  handler: CoroutineHandler<Route>,
): RouteHandlerMethod {
  return async (request, reply) => {
    const response = reply.raw
    const task = scheduler.run(handler, request as FastifyRequest<Route>, reply)
    task.label = () => `${request.method} ${request.url.slice(0, longestLabel)} for ${request.ip}`
    response.once('close', () => {
      if (!response.writableFinished) task.cancel('the client went away')
    })
    try {
      return await task.promise
    } catch (error) {
      if (!(error instanceof TaskCancelled && response.destroyed)) throw error
      // There is nobody to answer. Without this Fastify would answer all the same, and log that it could not.
      return reply.hijack()
    }
  }
}

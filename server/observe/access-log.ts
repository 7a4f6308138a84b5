// The access log, by option: a line for each request that was answered. Of a URL it has the path and the topics: cursors are
// long, and what else stands in a query is nobody's business.

import type { FastifyInstance } from 'fastify'

/** Call it before the routes are registered. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, originalUrl: url, admission } = request
    const { path, topics } = partsOf(url)
    const ms = Math.round(reply.elapsedTime * 10) / 10
    const { statusCode: status } = reply
    const client = admission?.client ?? request.ip
    const named = topics.length === 0 ? '' : ` of ${topics.join(', ')}`
    app.log.info(
      { method, path, topics, status, ms, client },
      `${method} ${path}${named} ${status} in ${ms} ms for ${client}`,
    )
    done()
  })
}

function partsOf(url: string): { path: string; topics: string[] } {
  const at = url.indexOf('?')
  if (at < 0) return { path: url, topics: [] }
  return { path: url.slice(0, at), topics: new URLSearchParams(url.slice(at + 1)).getAll('topic') }
}

// GET /metrics, for Prometheus: numbers only, no names of topics or clients, and like health without a token.

import type { Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { replies } from '../http/schemas.ts'
import { type MetricSources, metricRows } from './metric-table.ts'

const schema = {
  summary: 'Tell the metrics, as Prometheus reads them',
  tags: ['operation'],
  response: {
    ...replies(200, Type.String()),
    200: {
      description: 'Text in the exposition format of Prometheus, 0.0.4.',
      content: { 'text/plain': { schema: Type.String() } },
    },
  },
}

export async function metricsRoute(app: FastifyInstance, sources: MetricSources): Promise<void> {
  let made: Promise<Registry> | undefined
  app.get('/metrics', { schema }, async (_request, reply) => {
    // The library is loaded by the first who asks: a server that nobody scrapes starts without it.
    made ??= import('./metric.ts').then(({ registryOf }) => registryOf(metricRows(sources)))
    const registry = await made
    reply.header('cache-control', 'no-store').type(registry.contentType)
    return registry.metrics()
  })
}

// GET /metrics, for Prometheus: numbers only, no names of topics or clients, and like health without a token.

import { Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { replies } from '../http/schemas.ts'
import { registryOf } from './metric.ts'
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
  const registry = registryOf(metricRows(sources))
  app.get('/metrics', { schema }, async (_request, reply) => {
    reply.header('cache-control', 'no-store').type(Registry.PROMETHEUS_CONTENT_TYPE)
    return registry.metrics()
  })
}

// What an operator does: go through the topics, send the readers away, change what is logged.

import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import type { Coroutine, Scheduler } from '../../runtime/index.ts'
import { requireRight } from '../access/rights.ts'
import { takeJson } from '../http/bodies.ts'
import { inCoroutine } from '../http/coroutine-handler.ts'
import type { Draining } from '../http/draining.ts'
import { compileValidator } from '../http/validation.ts'
import type { Hub } from '../hub/index.ts'
import { drainSchema, logLevelSchema, readLogLevelSchema, topicsByDefault, topicsSchema } from './control-schemas.ts'

export interface ControlOptions {
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly draining: Draining
  /** The logger whose level is read and changed. */
  readonly logger: { level: string }
  /** Run something until the server is closed. */
  readonly inBackground: (label: string, body: () => Coroutine<unknown>) => void
}

export async function controlRoutes(app: FastifyInstance, options: ControlOptions): Promise<void> {
  const { scheduler, hub, draining, logger, inBackground } = options

  function* list(after: string, limit: number): Coroutine<object> {
    const listed = yield* hub.list(after, limit)
    const topics = listed.map(({ isClosed: closed, ...topic }) => ({ ...topic, closed }))
    return { topics, next: topics.length < limit ? null : (topics.at(-1)?.topic ?? null) }
  }

  requireRight(app, 'administer')
  takeJson(app)
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.get(
    '/admin/topics',
    { schema: topicsSchema },
    inCoroutine<{ Querystring: { after?: string; limit?: number } }>(scheduler, ({ query }) =>
      list(query.after ?? '', query.limit ?? topicsByDefault),
    ),
  )

  app.post('/admin/drain', withoutBody, async () => {
    const { waiting } = draining
    if (!draining.begun.isOpen) inBackground('drain', () => draining.drain())
    return { draining: true, waiting }
  })

  app.get('/admin/log-level', { schema: readLogLevelSchema }, async () => ({ level: logger.level }))

  app.post<{ Body: { level: string } }>('/admin/log-level', { schema: logLevelSchema }, async ({ body }) => {
    logger.level = body.level
    return { level: logger.level }
  })
}

/** What a body says does not matter where none is needed. */
const anyBody: FastifySchemaCompiler<TSchema> = (part) =>
  part.httpPart === 'body' ? () => true : compileValidator(part)

const withoutBody = { schema: drainSchema, config: { isBodyOptional: true }, validatorCompiler: anyBody }

// Who is on a topic, over HTTP.

import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import type { Admission } from '../../access/admission.ts'
import type { Keyring } from '../../access/keyring.ts'
import { inCoroutine } from '../../http/coroutine-handler.ts'
import { admitToTopics, requireReading } from '../../http/own-topics.ts'
import type { Hub } from '../../hub/index.ts'
import { type PresenceStore, presenceTopic } from './presence.ts'
import { presenceByQuerySchema, presenceSchema } from './schemas.ts'

export interface PresenceRoutesOptions {
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly presence: PresenceStore
  readonly keyring: Keyring
}

export async function presenceRoutes(app: FastifyInstance, options: PresenceRoutesOptions): Promise<void> {
  const { scheduler, hub, presence, keyring } = options

  function* inform(topic: string, admission: Admission, reply: FastifyReply): Coroutine<object> {
    admitToTopics(admission, [topic])
    // First, so that no change is missed in between: one that stands in both is the same twice.
    const { cursor } = yield* hub.inform(presenceTopic(topic))
    const { members, waiting } = yield* presence.attendance(topic)
    const all = (yield* hub.inform(topic)).waiting
    reply.header('cache-control', 'no-store')
    return { topic, members, anonymous: Math.max(all - waiting, 0), cursor }
  }

  requireReading(app, keyring)
  app.get(
    '/topics/:topic/presence',
    { schema: presenceSchema },
    inCoroutine<{ Params: { topic: string } }>(scheduler, ({ params, admission }, reply) =>
      inform(params.topic, admission, reply),
    ),
  )
  app.get(
    '/presence',
    { schema: presenceByQuerySchema },
    inCoroutine<{ Querystring: { topic: string } }>(scheduler, ({ query, admission }, reply) =>
      inform(query.topic, admission, reply),
    ),
  )
}

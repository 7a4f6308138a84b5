// Who may read: whoever has the right to subscribe; the topics in which a node tells about itself are for administrators,
// who need no key beside their token for them.

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Admission } from '../access/admission.ts'
import type { Keyring } from '../access/keyring.ts'
import { isOwnTopic } from '../hub/index.ts'

/** Let only requests that may read pass by the routes of `app`. The topics themselves are for `admitToTopics` to judge. */
export function requireReading(app: FastifyInstance, keyring: Keyring): void {
  if (keyring.isOpen('subscribe')) return
  app.addHook('onRequest', (request, _reply, done) => {
    const right = namedIn(request).every(isOwnTopic) ? 'administer' : 'subscribe'
    done(request.admission.rights.refusal(right))
  })
}

/** @throws EnckeError ENCKE_ERR_ADMIN_TOKEN if one of `topics` is for administrators, and the request is of another */
export function admitToTopics({ rights }: Admission, topics: readonly string[]): void {
  for (const topic of topics) {
    const refusal = isOwnTopic(topic) ? rights.refusal('administer') : undefined
    if (refusal !== undefined) throw refusal
  }
}

/** The topics that a URL names: nothing has been checked yet. One that names none is like any other topic's. */
function namedIn({ params, query }: FastifyRequest): string[] {
  const { topic: inPath } = params as { topic?: string }
  const { topic: inQuery } = query as { topic?: string | string[] }
  return [inPath ?? inQuery ?? ''].flat()
}

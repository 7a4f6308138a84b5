// The OpenAPI document, made of the routes' own schemas.

import swagger, { type SwaggerTransform } from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'

/** Call it before the routes are registered. */
export async function describeRoutes(app: FastifyInstance, version: string, basePath = ''): Promise<void> {
  await app.register(swagger, {
    transform: nameWildcards,
    openapi: {
      openapi: '3.1.0',
      ...(basePath !== '' && { servers: [{ url: basePath }] }),
      info: {
        title: 'Encke',
        version,
        description:
          'A comet server: hold a request open, and it is answered when a message is published to its topics. ' +
          'Errors are listed, with their codes, in docs/protocol.md.',
      },
      tags: [
        { name: 'messages', description: 'Publishing and reading' },
        { name: 'Durable Streams', description: 'The same topics by another protocol' },
        { name: 'administration', description: 'For operators' },
        { name: 'operation', description: 'For what watches the server' },
      ],
      components: { securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } } },
    },
  })
}

export async function openApiRoutes(app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

/** What OpenAPI has no word for: a parameter that is all the rest of a path. Its name is that of the topic. */
const nameWildcards: SwaggerTransform = ({ schema, url }) => {
  const { params } = (schema ?? {}) as { params?: { properties?: Record<string, unknown> } }
  const rest = params?.properties?.['*']
  if (rest === undefined) return { schema, url }
  const named = { type: 'object', properties: { topic: rest }, required: ['topic'] }
  return { schema: { ...schema, params: named }, url: url.replace(/\*$/, ':topic') }
}

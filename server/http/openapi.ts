// The OpenAPI document, made of the routes' own schemas.

import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'

/** Call it before the routes are registered. */
export async function describeRoutes(app: FastifyInstance, version: string, basePath = ''): Promise<void> {
  await app.register(swagger, {
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

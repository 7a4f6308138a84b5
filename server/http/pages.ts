// The pages: static files, with the headers that keep a browser strict.

import helmet from '@fastify/helmet'
import files from '@fastify/static'
import type { FastifyInstance } from 'fastify'

/** Serve `folder` as it stands. */
export async function pageRoutes(app: FastifyInstance, { folder }: { readonly folder: string }): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        // Text cannot become HTML, not even by mistake.
        requireTrustedTypesFor: ["'script'"],
        trustedTypes: ["'none'"],
      },
    },
    // Encke speaks plain HTTP; whoever puts TLS before it decides about this one.
    strictTransportSecurity: false,
  })
  await app.register(files, {
    root: folder,
    index: ['index.html'],
    wildcard: false,
    globIgnore: ['tsconfig.json'],
    acceptRanges: false,
  })
  app.get('/favicon.ico', { schema: { hide: true } }, (_request, reply) => reply.sendFile('favicon.svg'))
}

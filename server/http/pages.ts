// The pages: static files, with the headers that keep a browser strict. What draws the plots of the dashboard is served out
// of its package, wherever that is installed.

import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import helmet from '@fastify/helmet'
import files from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { endInSlash } from './ending-slash.ts'

/** Serve what stands in `folders`; where two have a file of the same name, that of the first. */
export async function pageRoutes(app: FastifyInstance, { folders }: { readonly folders: string[] }): Promise<void> {
  endInSlash(app, 'admin')
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
    root: folders,
    index: ['index.html'],
    wildcard: false,
    globIgnore: ['tsconfig.json', '**/*.d.ts'],
    acceptRanges: false,
  })
  const plots = dirname(createRequire(import.meta.url).resolve('uplot/dist/uPlot.min.css'))
  const vendor = { 'uplot.js': 'uPlot.iife.min.js', 'uplot.css': 'uPlot.min.css' }
  for (const [name, file] of Object.entries(vendor)) {
    app.get(`/admin/vendor/${name}`, { schema: { hide: true } }, (_request, reply) => reply.sendFile(file, plots))
  }
  app.get('/favicon.ico', { schema: { hide: true } }, (_request, reply) => reply.sendFile('favicon.svg'))
}

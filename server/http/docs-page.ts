// The OpenAPI document as a page, with forms to try each route. Everything that it loads comes from this server.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import helmet from '@fastify/helmet'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { endInSlash } from './ending-slash.ts'

/** The page makes style elements as it runs, and pictures out of data; its scripts are files of this server. */
const directives = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
}

/** Call it where the document is described already. `folders` hold the pages: the sheet and the script of this one, too. */
export async function docsRoutes(app: FastifyInstance, { folders }: { folders: string[] }): Promise<void> {
  const own = (filename: string) => ({ filename, content: readFrom(folders, filename) })
  endInSlash(app, 'docs')
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives },
    strictTransportSecurity: false,
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'Encke: routes', css: [own('docs-page.css')], js: [own('docs-page.js')] },
    // Without the bar on top, which offers to load other documents.
    uiConfig: { docExpansion: 'list', deepLinking: true, validatorUrl: null, layout: 'BaseLayout' },
  })
}

/** What the first of the folders has that has such a file. */
function readFrom(folders: readonly string[], filename: string): string {
  const paths = folders.map((folder) => join(folder, filename))
  return readFileSync(paths.find(existsSync) ?? filename, 'utf8')
}

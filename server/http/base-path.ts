// The base path: what the paths of all routes and pages begin with, where a proxy passes one path of a site on. It is taken off
// before routes are looked up, so that no route knows of it; pages name what they need relative to themselves.

import type { FastifyInstance } from 'fastify'

/** No route is called so: what is outside of the base path is found nowhere. */
const nowhere = '/.outside-of-the-base-path'

/** What is put before paths: `/` stands for no base path. */
export function prefixOf(basePath: string): string {
  return basePath === '/' ? '' : basePath
}

/** The URL without `basePath`. */
export function belowBasePath(url: string, basePath: string): string {
  const rest = url.slice(basePath.length)
  if (!url.startsWith(basePath) || !/^([/?#]|$)/.test(rest)) return nowhere
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** The page at the base path is that with a slash at its end: otherwise what it names would be looked for beside it. */
export function redirectToBasePath(app: FastifyInstance, basePath: string): void {
  if (basePath === '/') return
  app.addHook('onRequest', (request, reply, done) => {
    if (request.originalUrl === basePath) void reply.redirect(`${basePath}/`, 308)
    else done()
  })
}

// A page in a folder of its own names its files from there, so that it works below any base path: its address has to end in
// a slash.

import type { FastifyInstance } from 'fastify'

/** Send whoever asks for `folder` without a slash to the same with one. A browser keeps the fragment. */
export function endInSlash(app: FastifyInstance, folder: string): void {
  app.addHook('onRequest', (request, reply, done) => {
    const [path, query] = request.url.split('?', 2)
    if (path?.endsWith(`/${folder}`)) reply.redirect(query === undefined ? `${folder}/` : `${folder}/?${query}`)
    else done()
  })
}

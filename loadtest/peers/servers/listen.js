// How each server here begins: on a free port of loopback, saying where it listens.

/**
 * Listen, keep connections of clients that wait longer than any poll, and say where.
 *
 * @param {import('node:net').Server & { keepAliveTimeout?: number, headersTimeout?: number }} server
 */
export function listen(server) {
  if (server.keepAliveTimeout !== undefined) {
    // Five seconds would close connections between two polls; a server behind a proxy has this raised.
    server.keepAliveTimeout = 120_000
    server.headersTimeout = 130_000
  }
  server.listen({ host: '127.0.0.1', port: 0 }, () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
    console.log(`listens on http://127.0.0.1:${port}`)
  })
}

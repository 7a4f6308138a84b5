// The floor: bare node:net, which parses nothing that it need not and writes one prepared buffer for each client. It is no
// HTTP server: it takes a request to come in one piece, as the load generator sends them, and knows one topic.
//
// What the generator reaches with it is what the generator can do.

import { createServer } from 'node:net'
import { listen } from './listen.js'
import { poll, publish } from './parked-topics.js'

const headers = 'content-type: application/json; charset=utf-8\r\ncache-control: no-store\r\nconnection: keep-alive\r\n'
let [lastBody, lastBytes] = ['', Buffer.alloc(0)]

listen(
  createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const text = chunk.latin1Slice()
      if (text.startsWith('POST')) {
        const data = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))
        socket.write(replyBytes(201, JSON.stringify(publish('load/fan-out', data))))
      } else {
        const cursor = /[?&]cursor=(\w+)/.exec(text.slice(0, text.indexOf('\r\n')))?.[1]
        poll('load/fan-out', cursor, (body) => socket.write(prepared(body)))
      }
    })
  }),
)

/** Everybody who is answered with the same body is written the same bytes. */
function prepared(/** @type {string} */ body) {
  if (body !== lastBody) [lastBody, lastBytes] = [body, replyBytes(200, body)]
  return lastBytes
}

function replyBytes(/** @type {number} */ status, /** @type {string} */ body) {
  return Buffer.from(`HTTP/1.1 ${status} OK\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

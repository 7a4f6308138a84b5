// Bare node:http: what long polls cost without a framework.

import { createServer } from 'node:http'
import { listen } from './listen.js'
import { poll, publish } from './parked-topics.js'

const json = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }

listen(
  createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const topic = searchParams.get('topic') ?? ''
    const answer = (/** @type {number} */ status, /** @type {string} */ body) => {
      response.writeHead(status, { ...json, 'content-length': Buffer.byteLength(body) }).end(body)
    }
    if (pathname === '/messages') {
      poll(topic, searchParams.get('cursor') ?? undefined, (body) => answer(200, body))
    } else if (pathname === '/publish') {
      let text = ''
      request.setEncoding('utf8')
      request.on('data', (chunk) => {
        text += chunk
      })
      request.on('end', () => answer(201, JSON.stringify(publish(topic, JSON.parse(text)))))
    } else {
      answer(404, '{}')
    }
  }),
)

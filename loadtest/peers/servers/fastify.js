// Bare Fastify: the framework that Encke stands on, with nothing on top.

import fastify from 'fastify'
import { listen } from './listen.js'
import { poll, publish } from './parked-topics.js'

const app = fastify()

app.get('/messages', (request, reply) => {
  const { topic, cursor } = /** @type {{ topic: string, cursor?: string }} */ (request.query)
  poll(topic, cursor, (body) => {
    reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(body)
  })
})

app.post('/publish', (request, reply) => {
  const { topic } = /** @type {{ topic: string }} */ (request.query)
  reply.code(201).header('cache-control', 'no-store').send(publish(topic, request.body))
})

await app.ready()
listen(app.server)

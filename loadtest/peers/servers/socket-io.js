// socket.io over its polling transport alone. A topic is a room. The server's ping would answer a poll that waits; it comes
// every ten minutes here, so that a poll waits for messages only.

import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { listen } from './listen.js'

const server = createServer()
const io = new Server(server, { transports: ['polling'], pingInterval: 600_000, serveClient: false })
io.on('connection', (socket) => {
  socket.on('join', (topic) => socket.join(topic))
  socket.on('publish', (topic, data) => io.to(topic).emit('message', data))
})
listen(server)

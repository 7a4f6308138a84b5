// The reference server of Durable Streams: in memory, or in files where a folder for them is given. A poll is held for up to two minutes, as Encke's are in the load test.

import { DurableStreamTestServer } from '@durable-streams/server'

const server = new DurableStreamTestServer({
  host: '127.0.0.1',
  port: 0,
  longPollTimeout: 120_000,
  dataDir: process.env.DATA_FOLDER,
})
console.log(`listens on ${await server.start()}`)

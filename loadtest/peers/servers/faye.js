// faye, as its documentation attaches it to a server. A poll is held for up to two minutes, as Encke's are in the load test.

import { createServer } from 'node:http'
import faye from 'faye'
import { listen } from './listen.js'

const server = createServer((_request, response) => response.writeHead(404).end())
const bayeux = new faye.NodeAdapter({ mount: '/bayeux', timeout: 120 })
bayeux.attach(server)
listen(server)

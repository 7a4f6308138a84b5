// cometd-nodejs-server, as its documentation puts it into a server. A poll is held for up to two minutes, as Encke's are in
// the load test.

import { createServer } from 'node:http'
import cometd from 'cometd-nodejs-server'
import { listen } from './listen.js'

const bayeux = cometd.createCometDServer({ logLevel: 'error', timeout: 120_000, maxInterval: 120_000 })
listen(createServer(bayeux.handle))

// The dialects by name: an order to a generator names one.

import { bayeux } from './bayeux.ts'
import { encke } from './encke.ts'
import { nchan } from './nchan.ts'
import { pushpin } from './pushpin.ts'
import { socketIo } from './socket-io.ts'
import { streams } from './streams.ts'

export const dialects = { encke, bayeux, nchan, pushpin, 'socket.io': socketIo, streams }

export type DialectName = keyof typeof dialects

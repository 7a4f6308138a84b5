// Encke's own dialect. The bare servers among the peers speak it too.

import { parsePollReply, pollBytes, publishBytes } from '../client/encke-requests.ts'
import { type Dialect, expectStatus, silence } from './dialect.ts'

export const encke: Dialect = {
  reader({ host, topics, headers }) {
    let cursor: string | undefined
    return {
      *greet() {
        const reply = yield pollBytes(host, topics, undefined, headers)
        expectStatus(`the first poll of ${topics[0]}`, reply)
        cursor = parsePollReply(reply.body).cursor
      },
      poll: () => pollBytes(host, topics, cursor, headers),
      take({ body }) {
        const reply = parsePollReply(body)
        cursor = reply.cursor
        return reply
      },
    }
  },
  publisher: (host) => ({
    greet: silence,
    publish: (topic, json) => publishBytes(host, topic, json),
    hasAccepted: ({ status }) => status === 201,
  }),
}

// Encke's own dialect. The bare servers among the peers speak it too.

import { type Ask, type Dialect, expectGood, json, type PollReply, silence } from './dialect.ts'

/** The longest wait that the server grants: no poll of a load test shall end by itself. */
const waitSeconds = 120

/** A poll; without a cursor it asks for the first one, and does not wait. */
export function pollOf(topics: readonly string[], cursor?: string): Ask {
  const names = topics.map((topic) => `topic=${encodeURIComponent(topic)}`).join('&')
  const place = cursor === undefined ? 'wait=0' : `wait=${waitSeconds}&cursor=${cursor}`
  return { method: 'GET', path: `/messages?${names}&${place}`, headers: { Accept: 'application/json' } }
}

export function publishOf(topic: string, body: string): Ask {
  return { method: 'POST', path: `/publish?topic=${encodeURIComponent(topic)}`, headers: json, body }
}

export const encke: Dialect = {
  reader(topics) {
    let cursor: string | undefined
    const take = ({ body }: { readonly body: string }) => {
      const reply = JSON.parse(body) as PollReply
      cursor = reply.cursor
      return reply
    }
    return {
      *greet() {
        const reply = yield pollOf(topics)
        expectGood(`the first poll of ${topics[0]}`, reply)
        take(reply)
      },
      poll: () => pollOf(topics, cursor),
      take,
    }
  },
  publisher: () => ({ greet: silence, publish: publishOf, hasAccepted: ({ status }) => status === 201 }),
  eventsOf: (topic) => `/events?topic=${encodeURIComponent(topic)}`,
}

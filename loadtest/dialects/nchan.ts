// nchan's long polling: the place of a reader stands in two headers of each reply, and goes back in two of the next request.
// The message is the body, as it was published.

import { Counted, type Dialect, expectGood, json, silence } from './dialect.ts'

const pathOf = (topic: string) => `/messages?topic=${encodeURIComponent(topic)}`

export const nchan: Dialect = {
  reader([topic = '']) {
    const counted = new Counted(topic)
    let place = {}
    return {
      greet: silence,
      poll: () => ({ method: 'GET', path: pathOf(topic), headers: place }),
      take(reply) {
        expectGood('a poll', reply)
        const [time, tag] = [reply.header('last-modified'), reply.header('etag')]
        if (time === undefined || tag === undefined) throw new Error('a reply that does not say where it stands')
        place = { 'If-Modified-Since': time, 'If-None-Match': tag }
        return counted.reply([JSON.parse(reply.body)])
      },
    }
  },
  publisher: () => ({
    greet: silence,
    publish: (topic, body) => ({
      method: 'POST',
      path: `/publish?topic=${encodeURIComponent(topic)}`,
      headers: json,
      body,
    }),
    // 201 when a reader waited for it, 202 when none did.
    hasAccepted: ({ status }) => status === 201 || status === 202,
  }),
  // A request that accepts events gets them.
  eventsOf: pathOf,
}

// nchan's long polling: the place of a reader stands in two headers of each reply, and goes back in two of the next request.
// The message is the body, as it was published.

import { Counted, type Dialect, expectStatus, headerOf, requestBytes, silence } from './dialect.ts'

export const nchan: Dialect = {
  reader({ host, topics, headers }) {
    const counted = new Counted(topics[0]!)
    const path = `/messages?topic=${encodeURIComponent(topics[0]!)}`
    let place = ''
    return {
      greet: silence,
      poll: () => requestBytes('GET', path, host, headers + place),
      take(reply) {
        expectStatus('a poll', reply)
        const [time, tag] = [headerOf(reply, 'last-modified'), headerOf(reply, 'etag')]
        if (time === undefined || tag === undefined) throw new Error('a reply that does not say where it stands')
        place = `If-Modified-Since: ${time}\r\nIf-None-Match: ${tag}\r\n`
        return counted.reply([JSON.parse(reply.body)])
      },
    }
  },
  publisher: (host) => ({
    greet: silence,
    publish(topic, json) {
      const path = `/publish?topic=${encodeURIComponent(topic)}`
      return requestBytes('POST', path, host, 'Content-Type: application/json\r\n', json)
    },
    // 201 when somebody waited for it, 202 when nobody did.
    hasAccepted: ({ status }) => status === 201 || status === 202,
  }),
}

// Pushpin holds a request as its backend tells it to, and answers it with what is published on its control port. What is
// published is the whole reply.

import { Counted, type Dialect, expectStatus, requestBytes, silence } from './dialect.ts'

export const pushpin: Dialect = {
  reader({ host, topics, headers }) {
    const counted = new Counted(topics[0]!)
    const path = `/messages?topic=${encodeURIComponent(topics[0]!)}`
    return {
      greet: silence,
      poll: () => requestBytes('GET', path, host, headers),
      take(reply) {
        expectStatus('a poll', reply)
        return counted.reply([JSON.parse(reply.body)])
      },
    }
  },
  publisher: (host) => ({
    greet: silence,
    publish(topic, json) {
      const formats = { 'http-response': { headers: { 'Content-Type': 'application/json' }, body: json } }
      const body = JSON.stringify({ items: [{ channel: topic, formats }] })
      return requestBytes('POST', '/publish/', host, 'Content-Type: application/json\r\n', body)
    },
    hasAccepted: ({ status }) => status === 200,
  }),
}

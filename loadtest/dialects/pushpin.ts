// Pushpin holds a request as its backend tells it to, and answers it with what is published on its control port. What is
// published is the whole reply.

import { Counted, type Dialect, expectGood, json, silence } from './dialect.ts'

export const pushpin: Dialect = {
  reader([topic = '']) {
    const counted = new Counted(topic)
    return {
      greet: silence,
      poll: () => ({ method: 'GET', path: `/messages?topic=${encodeURIComponent(topic)}` }),
      take(reply) {
        expectGood('a poll', reply)
        return counted.reply([JSON.parse(reply.body)])
      },
    }
  },
  publisher: () => ({
    greet: silence,
    publish(channel, body) {
      const formats = { 'http-response': { headers: json, body } }
      const items = [{ channel, formats }]
      return { method: 'POST', path: '/publish/', headers: json, body: JSON.stringify({ items }) }
    },
    hasAccepted: ({ status }) => status === 200,
  }),
}

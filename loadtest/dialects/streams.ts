// Durable Streams: the place of a reader stands in two headers of each reply, and goes back in two parameters of the next
// request. A stream has to be created before it is read or appended to.

import { type Ask, Counted, type Dialect, json, type Reply, silence } from './dialect.ts'

export function pathOf(topic: string): string {
  return `/v1/stream/${topic}`
}

export function createOf(topic: string): Ask {
  return { method: 'PUT', path: pathOf(topic), headers: json, body: '[]' }
}

export function appendOf(topic: string, body: string): Ask {
  return { method: 'POST', path: pathOf(topic), headers: json, body }
}

export const streams: Dialect = {
  reader([topic = '']) {
    const counted = new Counted(topic)
    let place = ''
    const goOn = (reply: Reply) => {
      const [offset, cursor] = [reply.header('stream-next-offset'), reply.header('stream-cursor')]
      if (offset === undefined) throw new Error(`a reply that does not say where it stands: ${reply.status}`)
      place = `offset=${offset}&live=long-poll${cursor === undefined ? '' : `&cursor=${cursor}`}`
    }
    return {
      *greet() {
        const { status, body } = yield createOf(topic)
        if (status !== 200 && status !== 201) throw new Error(`a stream was not created: ${status} ${body}`)
        goOn(yield { method: 'GET', path: `${pathOf(topic)}?offset=now` })
      },
      poll: () => ({ method: 'GET', path: `${pathOf(topic)}?${place}` }),
      take(reply) {
        goOn(reply)
        return counted.reply(JSON.parse(reply.body) as unknown[])
      },
    }
  },
  publisher: () => ({ greet: silence, publish: appendOf, hasAccepted: ({ status }) => status === 204 }),
  eventsOf: (topic) => `${pathOf(topic)}?offset=now&live=sse`,
}

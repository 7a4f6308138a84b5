// The access log, as a process writes it.

import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { Wire } from '../http/served.ts'
import { ServerProcess } from '../server-process.ts'

it('has a line for each request that was answered, polls that repeat too, without cursors and secrets', async () => {
  await using server = new ServerProcess(['--port', '0', '--access-log', '--drain-pause-ms', '0'], {
    ENCKE_ADMIN_TOKEN: 'hush',
  })
  const origin = await server.untilSaid(/"url":"([^"]+)"/)
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  await once(socket, 'connect')
  using wire = new Wire(socket)
  let cursor = ''
  for (let poll = 0; poll < 5; poll += 1) {
    const query = `topic=a&topic=b%2Fc&wait=0${cursor && `&cursor=${cursor}`}`
    await wire.write(`GET /messages?${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    ;({ cursor } = (await wire.reply()).json)
  }
  await wire.write('GET /nowhere?token=hush HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer hush\r\n\r\n')
  await wire.reply()
  server.kill('SIGTERM')
  const { err } = await server.ended
  expect(err).not.toContain('hush')
  expect(err).not.toContain(cursor)
  const lines = err
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const polls = lines.filter(({ path }) => path === '/messages')
  expect(polls).toHaveLength(5)
  expect(polls[4]).toMatchObject({ method: 'GET', topics: ['a', 'b/c'], status: 200, client: '127.0.0.1' })
  expect(lines.find(({ path }) => path === '/nowhere')).toMatchObject({
    status: 404,
    topics: [],
    msg: expect.stringMatching(/^GET \/nowhere 404 in [\d.]+ ms for 127\.0\.0\.1$/),
  })
})

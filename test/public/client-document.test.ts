// docs/client.md: every example runs, and does what the text around it says. use-topic.test.ts has the one in a component.

import { readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../public/client.js'
import { mintToken } from '../../server/access/mint-token.ts'
import { LiveApp, until } from '../server/http/live-app.ts'
import { eager } from './reader.ts'

const document = readFileSync(new URL('../../docs/client.md', import.meta.url), 'utf8')
const examples = new Map(
  [...document.matchAll(/^## (.*)\n(?:(?!^## )[\s\S])*?```js\n([\s\S]*?)```/gm)].map(([, heading = '', code = '']) => [
    heading,
    code,
  ]),
)

type Show = (...shown: unknown[]) => void

/** Run an example until `shown` is as it should be; what goes on by itself is ended with the test. */
async function run(heading: string, app: LiveApp, more: Record<string, unknown> = {}) {
  const code = examples.get(heading)
  if (code === undefined) throw new Error(`docs/client.md has no example below "${heading}"`)
  const shown: unknown[][] = []
  const show: Show = (...values) => shown.push(values)
  const clients: ReturnType<typeof createClient>[] = []
  const create: typeof createClient = (options = {}) => {
    const client = createClient({ ...options, origin: app.origin, ...eager })
    clients.push(client)
    return client
  }
  onTestFinished(() => {
    for (const client of clients) client.close()
  })
  const declaresClient = /const client =/.test(code)
  const given = { createClient: create, show, ...(!declaresClient && { client: create() }), ...more }
  const body = `return (async () => {${code.replaceAll(/^import .*$/gm, '')}})()`
  const done = new Function(...Object.keys(given), body)(...Object.values(given)) as Promise<void>
  return { shown, done }
}

describe('the examples of docs/client.md', () => {
  it('are the ones that are tested here', () => {
    expect([...examples.keys()]).toEqual([
      'Read and publish',
      'For await',
      'Topics that come and go',
      'After a reload',
      'What happens meanwhile',
      'Who is here',
      'Tokens that end',
      'In a component',
    ])
  })

  it('read and publish', async () => {
    await using app = await LiveApp.open()
    const { shown, done } = await run('Read and publish', app)
    await done
    await until('it is alive', async () => {
      await app.publishNow('my-topic', 'again')
      return shown.length > 0
    })
    expect(['hello', 'again']).toContain(shown[0]?.[1])
  })

  it('go through batches by for await, and end with the loop', async () => {
    await using app = await LiveApp.open()
    for (const data of ['one', 'two']) await app.publishNow('my-topic', data)
    const { shown, done } = await run('For await', app)
    await until('two', () => shown.length === 2)
    await app.untilWaiting(1)
    await app.publishNow('my-topic', 'the end')
    await done
    expect(shown.map(([data]) => data)).toEqual(['one', 'two', 'the end'])
    await app.untilWaiting(0)
  })

  it('let topics come and go', async () => {
    await using app = await LiveApp.open()
    await app.publishNow('room/3', 'three')
    const { shown } = await run('Topics that come and go', app)
    await until('the history of the third', () => shown.some(([data]) => data === 'three'))
    expect(shown[0]).toEqual([['room/2', 'room/3']])
    await until('one poll', () => app.app.hub.statistics().waiting === 1)
    await app.publishNow('room/1', 'left')
    await app.publishNow('room/2', 'two')
    await until('the second', () => shown.some(([data]) => data === 'two'))
    expect(shown.flat()).not.toContain('left')
  })

  it('go on after a reload', async () => {
    await using app = await LiveApp.open()
    const kept = new Map<string, string>()
    const sessionStorage = {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => kept.set(name, value),
    }
    await app.publishNow('a', 1)
    const first = await run('After a reload', app, { sessionStorage })
    await until('the first', () => first.shown.length === 1)
    const second = await run('After a reload', app, { sessionStorage })
    await app.publishNow('b', 2)
    await until('the second', () => second.shown.length === 1)
    expect(second.shown).toEqual([[[2]]])
  })

  it('tell what happens meanwhile', async () => {
    await using app = await LiveApp.open()
    const { shown } = await run('What happens meanwhile', app)
    await until('live', () => shown.some(([, name]) => name === 'live'))
    await app.publish('my-topic', 1)
    await until('a message', () => shown.length === 3)
    const headers = { authorization: `Bearer ${app.app.adminToken}` }
    await fetch(`${app.origin}/topics/my-topic`, { method: 'DELETE', headers })
    await until('the end', () => shown.some(([what]) => what === 'end'))
    expect(shown.at(-1)).toEqual(['end', 'my-topic', 'removed'])
  })

  it('say who is here', async () => {
    await using app = await LiveApp.open(['--presence-lease-seconds', '1'])
    const { shown, done } = await run('Who is here', app)
    await done
    await until('ann', () => shown.flat(2).includes('ann'))
  })

  it('get another token when one has ended', async () => {
    const secret = 'the secret of these tests, long enough'
    const mint = (ttlSeconds: number, wallClock = Date.now) =>
      mintToken({ secret, ttlSeconds, wallClock, subscribe: ['**'], publish: ['**'] })
    await using app = await LiveApp.open(['--token-secret', secret])
    const tokens = [await mint(1, () => Date.now() - 2_000), await mint(60)]
    const routes: string[] = []
    const route = async (path: string) => {
      routes.push(path)
      return new Response(tokens.shift())
    }
    const { shown } = await run('Tokens that end', app, { fetch: route })
    await until('it reads', async () => {
      await app.publishNow('my-topic', 'again')
      return shown.length > 0
    })
    expect(routes).toEqual(['/token', '/token'])
  })
})

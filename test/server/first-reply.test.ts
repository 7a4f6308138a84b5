import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

// In a process of its own: modules that another test has loaded stay loaded.
const program = `
  import { get } from 'node:http'
  import { createRequire } from 'node:module'
  import { buildApp } from './server/app.ts'
  const { cache } = createRequire(import.meta.url)
  const compilers = { typebox: /\\/typebox\\/.*compile/, serializers: /\\/fast-json-stringify\\/index/ }
  const loaded = () => Object.keys(compilers).filter((name) => Object.keys(cache).some((path) => compilers[name].test(path)))
  const app = await buildApp({ logLevel: 'silent', broker: 'memory:' })
  const ready = Promise.withResolvers()
  app.http.listen({ port: 0, host: '127.0.0.1' }, (error, origin) =>
    error ? ready.reject(error) : get(origin + '/readyz', ready.resolve))
  const reply = await ready.promise
  const body = (await reply.setEncoding('utf8').toArray()).join('')
  const first = loaded()
  while (loaded().length < 2) await new Promise(setImmediate)
  await app.close()
  console.log(JSON.stringify({ type: reply.headers['content-type'], body, first, later: loaded() }))
`

it('the first reply, that the server is ready, waits for no compiler of schemas; both are loaded soon, without a request', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  })
  expect(JSON.parse(stdout)).toEqual({
    type: 'application/json; charset=utf-8',
    body: '{"status":"ready"}',
    first: [],
    later: ['typebox', 'serializers'],
  })
})

import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Served } from './served.ts'

const folder = new URL('../../../public/', import.meta.url)
const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.html'))
  .map((path) => `/${path}`)

describe('the pages', () => {
  let served: Served

  beforeAll(async () => {
    served = await Served.start()
  })
  afterAll(() => served[Symbol.asyncDispose]())

  it('begin with one that says what this is with a pair of commands, or is a click away from it', async () => {
    const first = await served.get('/')
    expect(first).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
    const linked = await Promise.all(linksOf(first.text).map((path) => served.get(path)))
    const about = [first, ...linked].find(({ text }) => text.includes('/messages?topic=hello'))
    expect(about?.text).toContain('comet server')
    expect(about?.text).toContain('/publish?topic=hello')
  })

  it.each(pages)('name only files that there are: %s', async (page) => {
    const paths = linksOf((await served.get(page)).text, `http://localhost${page}`)
    expect(paths.length).toBeGreaterThan(0)
    for (const path of paths) expect({ path, status: (await served.get(path)).status }).toEqual({ path, status: 200 })
  })

  it.each(pages)('keep the browser strict, and need no inline script or style for it: %s', async (page) => {
    const { headers, text } = await served.get(page)
    expect(headers['content-security-policy']).toContain("default-src 'none';script-src 'self'")
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
    expect(headers).not.toHaveProperty('strict-transport-security')
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style| style=| on\w+=/)
  })

  it('have an icon, also where browsers look for it unasked', async () => {
    for (const path of ['/favicon.ico', '/favicon.svg']) {
      const { status, headers } = await served.get(path)
      expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'image/svg+xml' })
    }
  })

  it.each(['admin', 'docs'])('in a folder of their own end in a slash, below any base path: %s', async (folder) => {
    for (const path of [`/${folder}`, `/${folder}?a=b`]) {
      const { status, headers } = await served.get(path)
      const location = path.replace(`/${folder}`, `${folder}/`)
      expect({ status, location: headers['location'] }).toEqual({ status: 302, location })
    }
    expect((await served.get(`/${folder}/`)).status).toBe(200)
  })

  it('are asked for again at no cost', async () => {
    const { etag } = (await served.get('/favicon.svg')).headers
    const { status, text } = await served.get('/favicon.svg', { headers: { 'if-none-match': String(etag) } })
    expect({ status, text }).toEqual({ status: 304, text: '' })
  })

  it('come whole, whatever range is asked for', async () => {
    const { status, text } = await served.get('/', { headers: { range: 'bytes=999999-' } })
    expect({ status, isWhole: text.endsWith('</html>\n') }).toEqual({ status: 200, isWhole: true })
  })

  it.each([
    '/../package.json',
    '/%2e%2e/package.json',
    '/..%2fpackage.json',
    '/%2e%2e%2fpackage.json',
    '/..\\package.json',
    '/page.js%00',
    '/tsconfig.json',
    '/.',
    '/%2e%2e',
  ])('lead nowhere else: %s', async (path) => {
    expect((await served.get(path)).json).toMatchObject({ statusCode: 404, code: 'ENCKE_ERR_NOT_FOUND' })
  })
})

/** The paths on this server that a page names. */
function linksOf(page: string, at = 'http://localhost/'): string[] {
  return [...page.matchAll(/(?:href|src)="(\.{0,2}\/[^"#?]*)/g)].map(([, path]) => new URL(path as string, at).pathname)
}

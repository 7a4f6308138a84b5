// A crawler: every page that a first one leads to, at most two requests at a time to each host, and again when one fails.

import { request } from 'undici'
import {
  type Coroutine,
  exponential,
  main,
  retry,
  type Scope,
  Semaphore,
  scope,
  timeout,
  until,
} from '../../../runtime/index.ts'

class StatusError extends Error {
  readonly status: number

  constructor(status: number) {
    super(`status ${status}`)
    this.status = status
  }
}

const hosts = new Map<string, Semaphore>()
const pages = new Map<string, string>()

function* crawl(family: Scope, url: URL): Coroutine<void> {
  if (pages.has(url.href)) return
  pages.set(url.href, 'on its way') // before anything is waited for: no page is visited twice
  try {
    const text = yield* retry(() => download(url), { backOff: exponential({ firstMs: 10 }), isWorthRetrying })
    const links = [...text.matchAll(/href="(.*?)"/g)].map(([, link = '']) => new URL(link, url))
    for (const link of links) family.spawn(crawl, family, link)
    pages.set(url.href, `${links.length} links`)
  } catch (error) {
    if (!(error instanceof StatusError)) throw error // a cancel, a time-out, a network that is down
    pages.set(url.href, error.message)
  }
}

function* download(url: URL): Coroutine<string> {
  using _ = yield* hostOf(url).acquire()
  return yield* timeout(2_000, () => read(url))
}

function* read(url: URL): Coroutine<string> {
  // The whole exchange inside: the signal stops the body as well, which is still on its way when the head is there.
  return yield* until(async (signal) => {
    const { statusCode: status, body } = await request(url, { signal })
    const text = await body.text()
    if (status !== 200) throw new StatusError(status)
    return text
  })
}

function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof StatusError) || error.status >= 500
}

function hostOf({ host }: URL): Semaphore {
  const known = hosts.get(host) ?? new Semaphore(2, { name: host })
  hosts.set(host, known)
  return known
}

main(function* crawler(first: string) {
  yield* scope((family) => crawl(family, new URL(first)))
  const lines = [...pages].map(([url, outcome]) => `${new URL(url).pathname}: ${outcome}`)
  console.log(lines.toSorted().join('\n'))
}, process.argv[2] as string)

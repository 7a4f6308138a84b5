// The example of docs/streaming-answers.md, as it stands there: in Node, and in a browser where there is one.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Served, until } from './server/http/served.ts'

const document = readFileSync(new URL('../docs/streaming-answers.md', import.meta.url), 'utf8')

/** The code of a file that the document shows, as a module. */
async function moduleOf(name: string) {
  const [, code = ''] = new RegExp(`^\`\`\`js ${name}\\n(.*?)^\`\`\`$`, 'ms').exec(document) ?? []
  return await import(`data:text/javascript,${encodeURIComponent(code)}`)
}

const words = Array.from({ length: 60 }, (_, at) => `${at % 7 === 0 ? 'gr\u00fcne ' : ''}word ${at}, `)

it('an answer that grows is shown whole by two readers, one of which begins again in the middle', async () => {
  await using served = await Served.start()
  const url = `${served.origin}/v1/stream/answers/1`
  const [{ answer }, { read }] = [await moduleOf('answer.js'), await moduleOf('read.js')]
  const shown = ['', '', '']
  const show = (page: number) => (text: string) => {
    shown[page] += text
  }
  let hasReloaded = false
  const writing = answer(
    url,
    (async function* () {
      for (const [at, word] of words.entries()) {
        yield word
        await sleep(1)
        if (at === words.length / 2) await until(() => hasReloaded)
      }
    })(),
  )
  await until(() => served.app.hub.statistics().published > 0)
  const leaving = new AbortController()
  const first = read(url, show(0))
  const second = read(url, show(1), leaving.signal).catch(() => {})
  await until(() => (shown[1] as string).length > 100)
  leaving.abort()
  await second
  const reloaded = read(url, show(2))
  await until(() => (shown[2] as string).length >= (shown[1] as string).length)
  hasReloaded = true
  await Promise.all([writing, first, reloaded])
  expect([shown[0], shown[2]]).toEqual([words.join(''), words.join('')])
  expect(words.join('').startsWith(shown[1] as string)).toBe(true)
  const later = ['']
  await read(url, (text: string) => later.push(text))
  expect(later.join('')).toBe(words.join(''))
})

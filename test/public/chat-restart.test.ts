// The chat over a server that is killed between two messages, and started again on the same file.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { Folder } from '../server/brokers/make-sqlite.ts'
import { ServerProcess } from '../server/server-process.ts'
import { launch } from './browser.ts'
import { Person } from './person.ts'

const unpacked = inject('browser')
let browser: Browser

describe.skipIf(unpacked.missing !== '')('the chat', () => {
  beforeAll(async () => {
    browser = await launch(unpacked)
  })

  afterAll(() => browser.close())

  it('goes on after kill -9 as if nothing had happened: nothing lost, nothing twice, no word of it', async () => {
    using folder = new Folder()
    const flags = ['--broker', `sqlite:${folder.file()}`]
    await using first = await ServerProcess.serving(flags)
    await using ada = await Person.enter(browser, first.origin, { name: 'Ada' })
    await using grace = await Person.enter(browser, first.origin, { name: 'Grace' })
    await ada.say('before')
    await grace.untilTexts(['before'])
    first.kill('SIGKILL')
    await first.ended
    await grace.untilConnection('Reconnecting…')
    await using second = new ServerProcess([...flags, '--port', `${first.port}`, '--log-level', 'silent'])
    await second.untilSaid(/"url":"(https?:[^"]+)"/)
    // A page that is looked at asks at once: a test need not wait until its client tries again by itself.
    for (const person of [ada, grace]) await person.turn('visible')
    for (const person of [ada, grace]) await person.untilConnection('Live')
    await ada.say('after')
    await grace.untilTexts(['before', 'after'])
    await grace.say('and again')
    for (const person of [ada, grace]) {
      await person.untilTexts(['before', 'after', 'and again'])
      expect(await person.lines()).toEqual(
        expect.not.arrayContaining([expect.stringMatching(/miss|again|lost|start/i)]),
      )
    }
    await using late = await Person.enter(browser, first.origin)
    await late.untilTexts(['before', 'after', 'and again'])
  })
})

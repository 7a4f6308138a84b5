// Files that earlier versions wrote, kept in formats/: whoever changes the format adds one, and never changes one that is there.

import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { VirtualHost } from '../../../runtime/index.ts'
import { draftOf, publishOne } from './conformance.ts'
import { closeBroker, Folder, openOn } from './make-sqlite.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const news = { epoch: 'dfXFBIr1i5bDeppr', segment: 1_796_012_341_469_000 }
const log = { epoch: '4eXJuRdTHNdogqvf', segment: 1_796_012_341_529_000 }
const branch = { epoch: 'YkPnl8d5CI6NGRAa', segment: 1_796_012_341_547_000 }

it('a file of format 1 is opened: epochs, segments, offsets and ids are those that its cursors name, and it goes on', async () => {
  using folder = new Folder()
  writeFileSync(folder.file(), gunzipSync(readFileSync(new URL('formats/format-1.db.gz', import.meta.url))))
  const host = new VirtualHost()
  const scheduler = host.scheduler({ deadlock: 'ignore' })
  const broker = await openOn(host, scheduler, folder.file())
  await host.play(
    scheduler.run(function* () {
      expect(yield* broker.history('news', 1, { messages: 10, bytes: 1_000 })).toMatchObject({
        ...news,
        oldest: 1,
        messages: [
          { offset: 1, id: 'jkPRniN6JPHI-bye', time: 1_796_012_341_469, data: '"one"', bytes: 5 },
          { offset: 2, id: 'hkKzM434lAjsqA-y', time: 1_796_012_341_513, data: '"two"', bytes: 5 },
        ],
      })
      expect(yield* broker.history('branch', 1, { messages: 10, bytes: 1_000 })).toMatchObject({
        ...branch,
        messages: [{ data: bytes('hi') }, { data: bytes('!') }],
      })
      const seen = { messages: [draftOf('"one"')], key: { text: 'k', bodyHash: 'h' } }
      expect(
        yield* broker.append('log', { messages: [draftOf('.')], contentType: 'text/plain', producer }),
      ).toMatchObject({
        outcome: 'duplicate',
        standing: { ...log, head: 2, headId: 'Hi7trGMX2MtA_8X7' },
      })
      // The key was kept for ten minutes: on the file's clock they have not passed.
      expect(yield* broker.append('news', seen)).toMatchObject({ outcome: 'replayed', receipts: [{ offset: 1 }] })
      expect(yield* publishOne(broker, 'news', '3')).toMatchObject({ message: { offset: 3 }, epoch: news.epoch })
    }),
  )
  expect(broker.statistics().topics).toBe(3)
  await closeBroker(broker)
  expect(host.reported).toEqual([])
})

const producer = { id: 'p', epoch: 0, sequence: 0 }

import { bounds, describeBroker, mostKeys, streamBytes } from './conformance.ts'
import { answered, closeBroker, Folder, openOn } from './make-sqlite.ts'

const suiteOptions = {
  historyMessages: bounds.messages,
  historyBytes: bounds.bytes,
  historyAgeMs: bounds.ageMs,
  historyTotalBytes: 1_000_000,
  streamsTotalBytes: streamBytes,
  maxTopics: 1_000,
  topicTtlMs: 600_000,
  idempotencyKeys: mostKeys,
}

describeBroker('the sqlite broker', async (host, scheduler) => {
  const folder = new Folder()
  const broker = await openOn(host, scheduler, folder.file(), suiteOptions)
  return {
    broker,
    settle: () => answered(host, scheduler),
    close: async () => {
      await closeBroker(broker)
      folder[Symbol.dispose]()
    },
  }
})

// The order of the test files: the long ones first, so that none is left to run alone at the end.
//
// Vitest itself goes by how long a file took the last time, which a clean clone does not know, or by its size: a file of
// ten lines can be a suite of half a minute.

import { join } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take more than some ten seconds, the longest first. A file that is missing here costs time, and nothing else. */
export const longFiles = [
  'test/public/chat.test.ts',
  'test/server/admin/benchmarks.test.ts',
  'test/server/http/cancellation.test.ts',
  'test/server/http/fast-path/fast-path.test.ts',
  'test/package/tarball.test.ts',
  'test/public/admin/dashboard.test.ts',
  'test/loadtest/against.test.ts',
  'test/faults/faults.test.ts',
  'test/chaos/chaos.test.ts',
  'test/crash/crash.test.ts',
  'test/server/brokers/redis-streams.test.ts',
  'test/server/brokers/sqlite-streams.test.ts',
  'test/server/protocols/streams/conformance-memory.test.ts',
  'test/public/client-churn.test.ts',
  'test/public/client-loss.test.ts',
  'test/public/client-configurations.test.ts',
  'test/public/client-tabs.test.ts',
  'test/public/client-tabs-events.test.ts',
  'test/public/chat-people.test.ts',
  'test/public/chat-trouble.test.ts',
  'test/public/client-storm.test.ts',
  'test/runtime/programs/every-program.test.ts',
  'test/runtime/programs/axon-busy/hackysack.test.ts',
  'test/server/brokers/redis-deployments.test.ts',
  'test/server/deployment.test.ts',
  'test/server/proxies.test.ts',
  'test/server/benchmarks/main.test.ts',
  'test/server/protocols/caches.test.ts',
  'test/server/http/fast-path/differential.test.ts',
]

export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const ranks = new Map(longFiles.map((file, rank) => [join(this.ctx.config.root, file), rank]))
    const rankOf = ({ moduleId }: TestSpecification) => ranks.get(moduleId) ?? longFiles.length
    return (await super.sort(files)).toSorted((a, b) => rankOf(a) - rankOf(b))
  }
}

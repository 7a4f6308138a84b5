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
  'test/server/main.test.ts',
  'test/server/brokers/sqlite.test.ts',
  'test/runtime/programs/stackless/hackysack.test.ts',
  'test/public/client-fencing.test.ts',
  'test/server/brokers/sqlite-restarts.test.ts',
  'test/public/client.test.ts',
  'test/server/http/herd.test.ts',
  'test/runtime/programs/fibra/hackysack.test.ts',
  'test/server/cli/serve.test.ts',
  'test/runtime/explore/random-programs.test.ts',
  'test/runtime/programs/stackless/chain.test.ts',
  'test/server/protocols/streams/streams.test.ts',
  'test/server/brokers/redis-nodes.test.ts',
  'test/server/access/token-ends.test.ts',
  'test/server/cli/doctor.test.ts',
  'test/runtime/programs/greenlet/hackysack.test.ts',
  'test/server/wall-clock.test.ts',
  'test/server/http/refusal-cost.test.ts',
  'test/runtime/programs/fibra/chain.test.ts',
  'test/server/brokers/sqlite-threads.test.ts',
  'test/server/access/every-broker.test.ts',
  'test/runtime/programs/greenlet/chain.test.ts',
  'test/server/protocols/encke/presence-nodes.test.ts',
  'test/loadtest/run.test.ts',
  'test/public/chat-rights.test.ts',
  'test/server/process/start.test.ts',
  'test/runtime/programs/erlang/hackysack.test.ts',
  'test/server/protocols/encke/every-broker.test.ts',
  'test/server/protocols/streams/killed.test.ts',
  'test/server/protocols/streams/clients.test.ts',
  'test/server/protocols/streams/long-poll.test.ts',
  'test/server/cli/transfer.test.ts',
  'test/server/brokers/redis.test.ts',
  'test/public/chat-restart.test.ts',
  'test/runtime/programs/axon/hackysack.test.ts',
  'test/server/http/draining.test.ts',
  'test/server/protocols/encke/event-source.test.ts',
  'test/server/http/pipelining.test.ts',
  'test/runtime/main.test.ts',
  'test/loadtest/main.test.ts',
]

export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const ranks = new Map(longFiles.map((file, rank) => [join(this.ctx.config.root, file), rank]))
    const rankOf = ({ moduleId }: TestSpecification) => ranks.get(moduleId) ?? longFiles.length
    return (await super.sort(files)).toSorted((a, b) => rankOf(a) - rankOf(b))
  }
}

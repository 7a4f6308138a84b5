// What is done to nodes, to Redis and to the network between them. Each fault ends by itself, and leaves the stage whole.

import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from '../../runtime/index.ts'
import type { Kind, Stage } from './stage.ts'

export interface Fault {
  readonly name: string
  readonly kind: Kind
  /** How long it may take until it is over and healed, in milliseconds. */
  readonly withinMs: number
  inflict(stage: Stage, random: Random): Promise<void>
}

const anyNode = (random: Random) => random.below(3)

export const faults: readonly Fault[] = [
  {
    name: 'a node is killed and comes back',
    kind: 'single',
    withinMs: 15_000,
    async inflict(stage, random) {
      const index = anyNode(random)
      await stage.stopNode(index, 'SIGKILL')
      await wait(500 + random.below(1_000))
      await stage.startNode(index)
    },
  },
  {
    name: 'every node drains and is replaced, one after the other',
    kind: 'single',
    withinMs: 30_000,
    async inflict(stage) {
      await stage.replaceNodes()
    },
  },
  {
    name: 'all connections of a node to Redis are cut',
    kind: 'single',
    withinMs: 10_000,
    async inflict(stage, random) {
      for (let times = 0; times < 3; times += 1) {
        stage.networks[anyNode(random)]?.cut()
        await wait(300)
      }
    },
  },
  {
    name: 'the network between a node and Redis is 150 ms late',
    kind: 'single',
    withinMs: 15_000,
    async inflict(stage, random) {
      const network = stage.networks[anyNode(random)]!
      network.delayMs = 150
      await wait(3_000)
      network.delayMs = 0
      network.cut()
    },
  },
  {
    name: 'the network between a node and Redis swallows everything for 8 s',
    kind: 'single',
    withinMs: 35_000,
    async inflict(stage, random) {
      const network = stage.networks[anyNode(random)]!
      network.isCutOff = true
      await wait(8_000)
      network.isCutOff = false
      network.cut()
    },
  },
  {
    name: 'Redis is killed and comes back',
    kind: 'single',
    withinMs: 20_000,
    async inflict(stage) {
      await stage.single?.kill()
      await wait(1_000)
      await stage.single?.start()
    },
  },
  {
    name: 'Redis is paused for 7 s',
    kind: 'single',
    withinMs: 30_000,
    async inflict(stage) {
      stage.single?.signal('SIGSTOP')
      await wait(7_000)
      stage.single?.signal('SIGCONT')
    },
  },
  {
    name: 'a subscriber stays connected to a dead end',
    kind: 'single',
    withinMs: 40_000,
    async inflict(stage, random) {
      stage.networks[anyNode(random)]?.deafenSubscribers()
      await wait(22_000)
    },
  },
  {
    name: 'the master is killed under Sentinel',
    kind: 'sentinel',
    withinMs: 40_000,
    async inflict(stage) {
      await stage.sentinels?.master.kill()
    },
  },
  {
    name: 'the master is paused for 8 s under Sentinel, and wakes as a replica',
    kind: 'sentinel',
    withinMs: 40_000,
    async inflict(stage) {
      // The one that was killed before has to be back first, or there is nobody to take over.
      await stage.sentinels?.revive()
      const { master } = stage.sentinels!
      master.signal('SIGSTOP')
      await wait(8_000)
      master.signal('SIGCONT')
    },
  },
  {
    name: 'the master is killed under Sentinel before its replica has the newest',
    kind: 'sentinel',
    withinMs: 40_000,
    async inflict(stage) {
      await stage.sentinels?.revive()
      await stage.sentinels?.killUnreplicated(1_000)
    },
  },
  {
    name: 'the same, every node is replaced, and a fifth of the readers come back later',
    kind: 'sentinel',
    withinMs: 60_000,
    async inflict(stage) {
      await stage.sentinels?.revive()
      const sleepers = stage.readers.filter((_, index) => index % 5 === 0)
      for (const sleeper of sleepers) sleeper.sleep()
      await stage.sentinels?.killUnreplicated(1_000)
      // What was lost is in the memory of these nodes alone.
      await stage.untilPublishing(40_000)
      await stage.replaceNodes()
      for (const sleeper of sleepers) sleeper.wake()
    },
  },
  {
    name: 'slots move in a cluster',
    kind: 'cluster',
    withinMs: 20_000,
    async inflict(stage) {
      for (const topic of ['topic/1', 'topic/2', 'topic/3']) stage.cluster?.migrate(topic)
    },
  },
  {
    name: 'a master is paused for 8 s in a cluster, and wakes as a replica',
    kind: 'cluster',
    withinMs: 40_000,
    async inflict(stage) {
      const master = stage.cluster?.masterOf('topic/0')
      master?.signal('SIGSTOP')
      await wait(8_000)
      master?.signal('SIGCONT')
    },
  },
  {
    name: 'a master is killed in a cluster',
    kind: 'cluster',
    withinMs: 40_000,
    async inflict(stage) {
      await stage.cluster?.masterOf('topic/0').kill()
    },
  },
]

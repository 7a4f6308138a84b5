// Kills processes that publish, at random moments, over several boots of the same file; and looks what is left.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Random } from '../../runtime/index.ts'
import { run } from '../../runtime/index.ts'
import { openBroker } from '../../server/brokers/open-broker.ts'
import { Folder } from '../server/brokers/make-sqlite.ts'
import { boundless, Ledger } from './ledger.ts'

const script = fileURLToPath(new URL('victim.ts', import.meta.url))
const bootsEach = 4
const longestMs = 250

interface KillsReport {
  readonly kills: number
  readonly files: number
  readonly acknowledged: number
}

/** @throws Error where a file lacks anything that was acknowledged, or has anything twice */
export async function killAtRandom(
  random: Random,
  kills: number,
  told: (done: number) => void = () => {},
): Promise<KillsReport> {
  let [done, files, acknowledged] = [0, 0, 0]
  while (done < kills) {
    using folder = new Folder()
    const ledger = new Ledger()
    for (let boot = 0; boot < bootsEach && done < kills; boot += 1) {
      // Not always the strictest: the end of a process loses nothing under any of them.
      await bootAndKill(folder.file(), ledger, random, (['full', 'normal', 'off'] as const)[random.below(3)] ?? 'full')
      done += 1
    }
    await checkFile(folder.file(), ledger)
    files += 1
    acknowledged += ledger.size
    told(done)
  }
  return { kills: done, files, acknowledged }
}

export async function checkFile(file: string, ledger: Ledger): Promise<void> {
  const broker = await openBroker(`sqlite:${file}`, boundless)
  try {
    await run(() => ledger.check(broker)).promise
  } finally {
    await run(function* () {
      yield* broker.close()
    }).promise
  }
}

async function bootAndKill(file: string, ledger: Ledger, random: Random, durability: string): Promise<void> {
  const words = [script, file, `${ledger.next}`, durability]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const opened = Promise.withResolvers<void>()
  createInterface(child.stdout).on('line', (line) => {
    if (line === 'open') opened.resolve()
    else ledger.enterLine(line)
  })
  await Promise.race([opened.promise, ended])
  await pause(random.below(longestMs))
  child.kill('SIGKILL')
  const [, signal] = await ended
  if (signal !== 'SIGKILL') throw new Error('the process that was to be killed has ended by itself')
}

// The systems that are compared, and what each needs to be started: something to be built, installed or found. A system that
// is not on this machine is skipped, and named with the reason.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { installNpmPeers } from '../processes/npm-peers.ts'
import { flagsOfStart } from '../processes/subject.ts'

const names = ['encke', 'go', 'go-1', 'erlang', 'greenlet', 'js-csp', 'effection', 'effect', 'promises'] as const
export type SystemName = (typeof names)[number]

export interface System {
  readonly name: SystemName
  /** What is not the same as here, which a reader of its ratios has to know. */
  readonly difference: string
  /** How its memory is measured. */
  readonly memory: string
  /** @param buildFolder for what is built; empty, and gone afterwards. @throws Error saying why it cannot be played with */
  prepare(buildFolder: string): Promise<Command>
}

export interface Command {
  readonly program: string
  readonly words: readonly string[]
  readonly variables: Readonly<Record<string, string>>
}

const programs = fileURLToPath(new URL('../peers/programs/', import.meta.url))
const heap = 'live heap of V8 after a collection'

export const systems: readonly System[] = [
  {
    name: 'encke',
    difference: 'runtime/programs by the public API, on the flags of npm start',
    memory: heap,
    prepare: async () => nodeCommand(fileURLToPath(new URL('../peers/programs/encke.ts', import.meta.url))),
  },
  {
    name: 'go',
    difference: 'as many processors as there are; hackysack in channels with room for one',
    memory: 'HeapAlloc and StackInuse after runtime.GC()',
    prepare: (buildFolder) => buildGo(buildFolder, {}),
  },
  {
    name: 'go-1',
    difference: 'the same with GOMAXPROCS=1',
    memory: 'as go',
    prepare: (buildFolder) => buildGo(buildFolder, { GOMAXPROCS: '1' }),
  },
  {
    name: 'erlang',
    difference: 'mailboxes, where a sender never waits; each run in a process of its own',
    memory: 'erlang:memory(total)',
    prepare: buildErlang,
  },
  {
    name: 'greenlet',
    difference: 'a run queue and channels written for it: greenlet brings neither',
    memory: 'VmRSS after gc.collect()',
    prepare: findGreenlet,
  },
  npmPeer('js-csp', 'no cancelling, no scopes'),
  npmPeer('effection', 'queues, where a sender never waits'),
  npmPeer('effect', 'queues with room for one: with none, a chain of 1,000 links stops half way in 4.1.0'),
  {
    name: 'promises',
    difference:
      'async functions and a channel of twenty lines: no cancelling, no scopes, and no other task gets a turn',
    memory: heap,
    prepare: async () => nodeCommand(`${programs}promises.js`),
  },
]

/** Node as `npm start` runs it, so that no flag can be forgotten. The peers in JavaScript get the same. */
export function nodeCommand(program: string): Command {
  return { program: process.execPath, words: [...flagsOfStart(), program], variables: {} }
}

function npmPeer(name: SystemName, difference: string): System {
  const prepare = async () => {
    await installNpmPeers()
    return nodeCommand(`${programs}${name}.js`)
  }
  return { name, difference, memory: heap, prepare }
}

async function buildGo(buildFolder: string, variables: Command['variables']): Promise<Command> {
  const program = `${buildFolder}/peers-go`
  const env = { ...process.env, GOCACHE: `${buildFolder}/go-cache`, GOPROXY: 'off', GOFLAGS: '-buildvcs=false' }
  await run('go', ['build', '-o', program, '.'], { cwd: `${programs}go`, env })
  return { program, words: [], variables }
}

async function buildErlang(buildFolder: string): Promise<Command> {
  const modules = ['peers', 'programs'].map((module) => `${programs}erlang/${module}.erl`)
  await run('erlc', ['-o', buildFolder, ...modules])
  // Room for a million processes; and what it has to say of a failure is in the answer, not beside it.
  const flags = ['+P', '4194304', '-noshell', '-kernel', 'logger_level', 'none']
  const words = [...flags, '-pa', buildFolder, '-s', 'peers', 'main']
  return { program: 'erl', words, variables: { ERL_CRASH_DUMP: '/dev/null' } }
}

async function findGreenlet(): Promise<Command> {
  const interpreters = ['python3', '/usr/bin/python3', 'python']
  for (const program of interpreters) {
    const isFound = await run(program, ['-c', 'import greenlet']).then(
      () => true,
      () => false,
    )
    // Nothing is to be written beside the source.
    if (isFound) return { program, words: ['-B', `${programs}greenlet/main.py`], variables: {} }
  }
  throw new Error(`none of ${interpreters.join(', ')} can import greenlet`)
}

/** @throws Error in one line: that the program is not there, or the end of what it had to say */
async function run(program: string, words: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  try {
    await promisify(execFile)(program, words, options)
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    if (code === 'ENOENT') throw new Error(`${program} is not installed`)
    throw new Error(`${program} failed: ${stderr?.trim().split('\n').at(-1) ?? String(error)}`)
  }
}

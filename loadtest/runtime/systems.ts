// The systems that are compared, and what each needs to be started: something to be built, installed or found. A system that
// is not on this machine is skipped, and named with the reason.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { installNpmPeers } from '../processes/npm-peers.ts'
import { flagsOfStart } from '../processes/subject.ts'

export type SystemName =
  | 'encke'
  | 'go'
  | 'go-1'
  | 'erlang'
  | 'greenlet'
  | 'js-csp'
  | 'effection'
  | 'effect'
  | 'promises'

export interface System {
  readonly name: SystemName
  /** What is not the same as here: whoever reads a ratio has to know. */
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

const call = promisify(execFile)
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
  { name: 'js-csp', difference: 'no cancelling, no scopes', memory: heap, prepare: () => npmPeer('js-csp.js') },
  {
    name: 'effection',
    difference: 'queues, where a sender never waits',
    memory: heap,
    prepare: () => npmPeer('effection.js'),
  },
  {
    name: 'effect',
    difference: 'queues with room for one: with none, a chain of 1,000 links stops half way in 4.1.0',
    memory: heap,
    prepare: () => npmPeer('effect.js'),
  },
  {
    name: 'promises',
    difference: 'async functions and a channel of twenty lines: no cancelling, no scopes, and nobody else gets a turn',
    memory: heap,
    prepare: async () => nodeCommand(`${programs}promises.js`),
  },
]

/** Node as `npm start` runs it, so that no flag can be forgotten. The peers in JavaScript get the same. */
export function nodeCommand(program: string): Command {
  return { program: process.execPath, words: [...flagsOfStart(), program], variables: {} }
}

async function npmPeer(file: string): Promise<Command> {
  await installNpmPeers()
  return nodeCommand(`${programs}${file}`)
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
  return {
    program: 'erl',
    words: [...flags, '-pa', buildFolder, '-s', 'peers', 'main'],
    variables: { ERL_CRASH_DUMP: '/dev/null' },
  }
}

const interpreters: readonly [string, ...string[]] = ['python3', '/usr/bin/python3', 'python']

async function findGreenlet(): Promise<Command> {
  const attempts = await Promise.allSettled(
    interpreters.map(async (interpreter) => {
      await run(interpreter, ['-c', 'import greenlet'])
      return interpreter
    }),
  )
  const found = attempts.find((attempt) => attempt.status === 'fulfilled')
  if (found === undefined) throw new Error(`none of ${interpreters.join(', ')} can import greenlet`)
  // Nothing is to be written beside the source.
  return { program: found.value, words: ['-B', `${programs}greenlet/main.py`], variables: {} }
}

/** @throws Error in one line: that the program is not there, or the end of what it had to say */
async function run(program: string, words: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  try {
    await call(program, words, options)
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    if (code === 'ENOENT') throw new Error(`${program} is not installed`)
    throw new Error(`${program} failed: ${stderr?.trim().split('\n').at(-1) ?? String(error)}`)
  }
}

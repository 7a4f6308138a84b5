// How a program of the server is started: on which Node, with which flags, and what a signal does meanwhile.

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }
import v8Flags from '../../../server/process/v8-flags.json' with { type: 'json' }

const folder = fileURLToPath(new URL('../../../server/process', import.meta.url))
const start = join(folder, 'start.cjs')
const main = fileURLToPath(new URL('../../../server/main.ts', import.meta.url))
const flags = Object.keys(v8Flags.flags)

/** A copy of the starter with other flags, and a program that says how it runs; `below` a folder of its own. */
function copy(change: object, below = ''): { starter: string; program: string } {
  const own = mkdtempSync(join(tmpdir(), 'encke-start-'))
  onTestFinished(() => rmSync(own, { recursive: true }))
  const top = join(own, below)
  cpSync(folder, top, { recursive: true })
  writeFileSync(join(top, 'v8-flags.json'), JSON.stringify({ ...v8Flags, ...change }))
  writeFileSync(
    join(top, 'program.mjs'),
    'console.log(JSON.stringify([process.pid, process.execArgv, process.argv.slice(1)]))',
  )
  return { starter: join(top, 'start.cjs'), program: join(top, 'program.mjs') }
}

function runWith(program: string, words: readonly string[]) {
  const { status, stdout, stderr, pid } = spawnSync(program, words, { encoding: 'utf8' })
  return { status, stdout, stderr, pid }
}

describe('a start', () => {
  it('gives the program its flags, its arguments, and the number of the process', () => {
    const { starter, program } = copy({})
    const { stdout, stderr, pid } = runWith(process.execPath, ['--expose-gc', starter, program, '--port', '0'])
    expect(stderr).toBe('')
    const first = ['--require', join(dirname(starter), 'first.cjs')]
    expect(JSON.parse(stdout)).toEqual([pid, [...flags, '--expose-gc', ...first], [program, '--port', '0']])
  })

  it('leaves a flag out that Node does not know, and says so in a line', () => {
    const { starter, program } = copy({
      knownToNode: 25,
      flags: { '--no-such-flag=1': '', '--max-semi-space-size=32': '' },
    })
    const { stdout, stderr, status } = runWith(process.execPath, [starter, program])
    expect(stderr).toBe(`encke: Node ${process.versions.node} does not know --no-such-flag=1: it starts without\n`)
    expect({ status, flag: JSON.parse(stdout)[1][0] }).toEqual({ status: 0, flag: '--max-semi-space-size=32' })
  })

  it('says in one line what is needed on an older Node', () => {
    const { starter, program } = copy({ knownToNode: 99 })
    const { stdout, stderr, status } = runWith(process.execPath, [starter, program])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^encke: Node 99 or newer is needed, this is [\d.]+: [^\n]+"npm ci"[^\n]+\n$/)
  })

  it('says to who has installed the package how to bring a newer Node beside it', () => {
    const { starter, program } = copy({ knownToNode: 99 }, 'node_modules/encke/dist/server/process')
    const { stderr } = runWith(process.execPath, [starter, program])
    expect(stderr).toMatch(/^encke: Node 99 or newer is needed, this is [\d.]+: [^\n]+"npm install node@99"[^\n]+\n$/)
  })

  const old = ['/usr/bin/node', '/usr/local/bin/node'].find(
    (path) => existsSync(path) && Number(execFileSync(path, ['-v'], { encoding: 'utf8' }).slice(1, 3)) < 26,
  )
  it.runIf(old)('says so on the older Node of this machine', () => {
    const { status, stderr } = runWith(old as string, [start, main])
    expect(status).toBe(2)
    expect(stderr).toMatch(/^encke: Node 26 or newer is needed, this is [^\n]+\n$/)
  })

  it('wants the Node that package.json wants, and each of its flags has a reason', () => {
    expect(packageJson.engines.node).toBe(`>=${v8Flags.knownToNode}`)
    expect(Number(process.versions.node.split('.')[0])).toBe(v8Flags.knownToNode)
    const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
    for (const [flag, reason] of Object.entries(v8Flags.flags)) {
      expect(known).toContain(`${flag.replace(/=.*/, '').replace(/^--no-/, '--')} (`)
      expect(reason.length).toBeGreaterThan(20)
    }
  })

  it('needs no more words than npm start and npm run bench have', () => {
    expect(packageJson.scripts.start).toBe('exec node server/process/start.cjs server/main.ts')
    expect(packageJson.scripts.bench).not.toContain('semi-space')
  })
})

const canUnshare = spawnSync('unshare', ['--fork', '--pid', '--mount-proc', 'true']).status === 0

describe('SIGTERM while it starts', () => {
  const words = [start, main, '--port', '0', '--broker', 'memory:', '--log-level', 'silent']

  it.each([60, 90, 130, 180, 240, 300])('ends it, %i ms after', async (ms) => {
    const child = spawn(process.execPath, words, { stdio: 'ignore' })
    const ended = once(child, 'close')
    await new Promise((resolve) => setTimeout(resolve, ms))
    child.kill('SIGTERM')
    const [exitCode, signal] = await ended
    // Until the first line of JavaScript runs, a signal ends it as it would end any process.
    expect(exitCode === 0 || signal === 'SIGTERM').toBe(true)
  })

  // What comes before the first line of JavaScript is lost, for no Node can keep it.
  it.runIf(canUnshare).each([0, 20, 50, 80, 120, 160, 200, 300])(
    'ends it with 0 as the first process of a container, %i ms after its first line has run',
    async (ms) => {
      const outer = spawn('unshare', ['--fork', '--pid', '--mount-proc', process.execPath, ...words], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const ended = once(outer, 'close')
      const err = text(outer.stderr)
      const inner = await childOf(outer.pid as number)
      onTestFinished(() => kill(inner, 'SIGKILL'))
      await childOf(inner)
      await new Promise((resolve) => setTimeout(resolve, ms))
      kill(inner, 'SIGTERM')
      expect((await ended)[0]).toBe(0)
      expect(await err).toBe('')
    },
  )
})

async function childOf(pid: number): Promise<number> {
  for (;;) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    if (children !== '') return Number(children.split(' ')[0])
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

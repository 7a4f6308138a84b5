// What is started is ended, however a scenario ends. The server here is a stand-in; at the end two scenarios run for a moment
// against the real one.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ServerProcess } from '../../loadtest/processes/server-process.ts'
import { encke, nodeFlags, type Subject } from '../../loadtest/processes/subject.ts'
import { type RunOptions, runScenario } from '../../loadtest/run.ts'
import type { Outcome, Scenario, Stage } from '../../loadtest/scenario.ts'
import { roundTrips } from '../../loadtest/scenarios/closed-loops.ts'
import { storm } from '../../loadtest/scenarios/storm.ts'
import packageJson from '../../package.json' with { type: 'json' }

const serve = "console.log('listens on http://127.0.0.1:1\\n'); setInterval(() => {}, 1000)"
const nothing: Outcome = { complaints: [] }

function standIn(code: string): Subject {
  return {
    name: 'stand-in',
    folder: '.',
    command: [process.execPath, '-e', code],
    variables: {},
    banner: /listens on (http:\S+)\n/,
    adminToken: '',
    dialect: 'encke',
  }
}

function run(act: (stage: Stage) => Promise<Outcome>, options: Partial<RunOptions> = {}) {
  const scenario: Scenario = { name: 'x', title: 'x', invariant: 'x', note: 'x', run: act }
  return runScenario(scenario, optionsWith(options))
}

function optionsWith(options: Partial<RunOptions>): RunOptions {
  const { signal } = new AbortController()
  return { subject: standIn(serve), peers: [], durationMs: 1, isQuick: true, signal, show: () => {}, ...options }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a scenario', () => {
  it('holds when it has nothing to complain of, and its server and generators are gone then', async () => {
    const pids: number[] = []
    const report = await run(async ({ startServer }) => {
      const { server, startGenerator } = await startServer()
      pids.push(server.pid, startGenerator().pid)
      expect(pids.every(isAlive)).toBe(true)
      return nothing
    })
    expect(report).toMatchObject({ verdict: 'held', complaints: [] })
    expect(pids.map(isAlive)).toEqual([false, false])
  })

  it('is broken when it complains', async () => {
    const report = await run(async () => ({ ...nothing, complaints: ['two messages lost'] }))
    expect(report).toMatchObject({ verdict: 'broken', complaints: ['two messages lost'] })
  })

  it('has failed when it throws, and its server is gone then', async () => {
    let pid = 0
    const report = await run(async ({ startServer }) => {
      pid = (await startServer()).server.pid
      throw new Error('no more ports')
    })
    expect(report).toMatchObject({ verdict: 'failed', complaints: ['no more ports'] })
    expect(isAlive(pid)).toBe(false)
  })

  it('is broken when the server has complained, or has ended', async () => {
    const report = await run(
      async ({ startServer }) => {
        const { server } = await startServer()
        while (!server.hasEnded) await new Promise((resolve) => setTimeout(resolve, 10))
        return nothing
      },
      {
        subject: standIn(
          "console.log('listens on http://127.0.0.1:1\\n'); setTimeout(() => { console.error('out of luck'); process.exit(3) }, 200)",
        ),
      },
    )
    expect(report.verdict).toBe('broken')
    expect(report.complaints).toEqual(['the server has ended', 'the server complained: out of luck'])
  })

  it('is not broken when it has ended a server itself, before its end', async () => {
    const report = await run(async ({ startServer }) => {
      const ground = await startServer()
      const [pid, generator] = [ground.server.pid, ground.startGenerator().pid]
      await ground[Symbol.asyncDispose]()
      expect([pid, generator].map(isAlive)).toEqual([false, false])
      return nothing
    })
    expect(report).toMatchObject({ verdict: 'held', complaints: [] })
  })

  it('has failed when the server does not start, and says what it said', async () => {
    const subject = standIn("console.error('no such option'); process.exitCode = 2")
    const report = await run(({ startServer }) => startServer().then(() => nothing), { subject })
    expect(report.verdict).toBe('failed')
    expect(report.complaints[0]).toMatch(/ended with 2 instead of listening: no such option/)
  })

  it('that hangs is ended from outside, with all its processes', async () => {
    const interrupt = new AbortController()
    const pids: number[] = []
    const running = run(
      async ({ startServer }) => {
        const { server, startGenerator } = await startServer()
        pids.push(server.pid, startGenerator().pid)
        interrupt.abort(new Error('Ctrl-C'))
        return new Promise<never>(() => {})
      },
      { signal: interrupt.signal },
    )
    await expect(running).rejects.toThrow('Ctrl-C')
    expect(pids.map(isAlive)).toEqual([false, false])
  })
})

describe('the server under load', () => {
  it('is started as npm start starts it', () => {
    expect(encke().command).toEqual([process.execPath, ...packageJson.scripts.start.split(' ').slice(2)])
    expect(packageJson.scripts.start).toMatch(/^exec node /)
    expect(nodeFlags('node  --a=1 server/main.ts')).toEqual(['--a=1', 'server/main.ts'])
    for (const script of ['tsx server/main.ts', 'node a.ts && node b.ts', 'node $X']) {
      expect(() => nodeFlags(script)).toThrow('plain "node …"')
    }
  })

  it('writes its CPU profile when it ends, and the program that starts it takes none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'encke-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const subject = encke({ profile: join(folder, 'x.cpuprofile') })
    // A profiler that is interrupted by execve sends its signal to what comes after, which ends of it now and then.
    const words = subject.command.slice(1)
    expect(words.findIndex((word) => word.startsWith('--cpu-prof'))).toBeGreaterThan(
      words.findIndex((word) => word.endsWith('start.cjs')),
    )
    const server = await ServerProcess.start(subject)
    await server[Symbol.asyncDispose]()
    expect(readFileSync(join(folder, 'x.cpuprofile'), 'utf8')).toContain('server/main.ts')
  })

  it.each([roundTrips, storm])('keeps its promises for a moment of $name', async (scenario) => {
    const report = await runScenario(scenario, optionsWith({ subject: encke(), durationMs: 300 }))
    expect(report).toMatchObject({ verdict: 'held', complaints: [] })
    expect(report.rows?.[0]?.count).toBeGreaterThan(10)
  })
})

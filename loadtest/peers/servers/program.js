// A server that is no JavaScript: a program with files of its own in a temporary folder, on free ports, which ends, and its
// folder with it, when this process is asked to end.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

const startMs = 10_000
const graceMs = 5_000

/** A port that was free a moment ago: these programs cannot say which one they were given. */
export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Make a folder with these files in it. */
export function folderWith(
  /** @type {string} */ name,
  /** @type {Record<string, (folder: string) => string>} */ files,
) {
  const folder = mkdtempSync(join(tmpdir(), `encke-${name}-`))
  for (const [file, contentOf] of Object.entries(files)) writeFileSync(join(folder, file), contentOf(folder))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Run a program until this process is asked to end, and give up when it ends of its own accord. Waits for its ports. */
export async function supervise(
  /** @type {string} */ program,
  /** @type {string[]} */ words,
  /** @type {readonly number[]} */ ports = [],
) {
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'inherit'] })
  let isEnding = false
  child.once('exit', (code) => process.exit(isEnding ? 0 : (code ?? 1)))
  child.once('error', (error) => {
    console.error(error.message)
    process.exit(1)
  })
  const end = () => {
    isEnding = true
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), graceMs).unref()
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  process.on('disconnect', end)
  await Promise.all(ports.map(accepting))
}

/** Wait until somebody listens on `port`. @throws Error when nobody does for ten seconds */
async function accepting(/** @type {number} */ port) {
  const deadline = performance.now() + startMs
  while (!(await accepts(port))) {
    if (performance.now() > deadline) throw new Error(`nobody listens on port ${port} after ${startMs / 1_000} s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** @returns {Promise<boolean>} */
function accepts(/** @type {number} */ port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

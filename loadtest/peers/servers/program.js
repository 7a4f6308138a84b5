// A server that is no JavaScript: a program with files of its own in a temporary folder, on free ports, which ends, and its
// folder with it, when this process is asked to end.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

const startMs = 10_000
const graceMs = 5_000

/** A port that was free a moment ago: these programs cannot say which one they were given. */
export async function freePort() {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  await once(server.close(), 'close')
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
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      isEnding = true
      child.kill('SIGTERM')
      setTimeout(() => child.kill('SIGKILL'), graceMs).unref()
    })
  }
  await Promise.all(ports.map(accepting))
}

/** Wait until there is a listener on `port`. @throws Error when there is none for ten seconds */
async function accepting(/** @type {number} */ port) {
  const deadline = performance.now() + startMs
  for (;;) {
    const socket = connect({ host: '127.0.0.1', port })
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    if (performance.now() > deadline) throw new Error(`no listener on port ${port} after ${startMs / 1_000} s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

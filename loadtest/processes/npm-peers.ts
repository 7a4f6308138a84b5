// The peers from npm: installed by whoever first wants to be compared with them, into peers/ and never with the product.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { adopt } from './child.ts'

const peersFolder = fileURLToPath(new URL('../peers/', import.meta.url))
let installing: Promise<void> | undefined

/** Install what the lock file says, unless it is there. @throws Error in one line */
export function installNpmPeers(): Promise<void> {
  installing ??= isInstalled(peersFolder) ? Promise.resolve() : install()
  return installing
}

/** Install them, unless they are there. @returns what went wrong */
export function whatNpmLacks(): Promise<string | undefined> {
  return installNpmPeers().then(
    () => undefined,
    (error: Error) => error.message,
  )
}

/** Whether `folder` holds what its lock file says: npm keeps a lock of its own of what it has installed. */
export function isInstalled(folder: string): boolean {
  try {
    const wanted = versionsIn(`${folder}/package-lock.json`)
    const there = new Map(versionsIn(`${folder}/node_modules/.package-lock.json`))
    return wanted.every(([path, version]) => there.get(path) === version)
  } catch {
    return false
  }
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>
}

function versionsIn(lockFile: string): [path: string, version: string | undefined][] {
  const { packages } = JSON.parse(readFileSync(lockFile, 'utf8')) as Lock
  // The first is the folder itself; and what is optional may be for another platform.
  return Object.entries(packages)
    .filter(([path, { optional }]) => path !== '' && optional !== true)
    .map(([path, { version }]) => [path, version])
}

async function install(): Promise<void> {
  process.stderr.write('installing the peers from npm into loadtest/peers/node_modules\n')
  await npmCi(peersFolder, ['--ignore-scripts'])
}

/** Install what the lock file in `folder` says. @throws Error in one line, once npm has ended */
export async function npmCi(folder: string, flags: readonly string[], signal?: AbortSignal): Promise<void> {
  const words = ['ci', '--no-audit', '--no-fund', ...flags]
  const npm = spawn('npm', words, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  adopt(npm, 'SIGTERM')
  signal?.addEventListener('abort', () => npm.kill('SIGTERM'))
  const ended = once(npm, 'close')
  const complaints = await text(npm.stderr)
  const [code] = await ended
  signal?.throwIfAborted()
  if (code === 0) return
  const line = complaints.split('\n').find((line) => line.startsWith('npm error')) ?? complaints.trim()
  throw new Error(`npm ci failed: ${line}`)
}

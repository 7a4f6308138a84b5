// The peers from npm: installed by whoever first wants to be compared with them, into peers/ and never with the product.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const peersFolder = fileURLToPath(new URL('../peers/', import.meta.url))
let installing: Promise<void> | undefined

/** Install what the lock file says, unless it is there. @throws Error in one line */
export function installNpmPeers(): Promise<void> {
  installing ??= isInstalled(peersFolder) ? Promise.resolve() : install()
  return installing
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
  try {
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: peersFolder })
  } catch (error) {
    const { stderr = String(error) } = error as { stderr?: string }
    throw new Error(
      `npm ci failed: ${stderr.split('\n').find((line) => line.startsWith('npm error')) ?? stderr.trim()}`,
    )
  }
}

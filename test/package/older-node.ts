// Older Nodes on this machine, for what promises to run on them. There is none where the system's Node is a new one.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Nodes on the PATH from 20 on that are older than `major`, as [version, path]. */
export function nodesBefore(major: number): [version: string, path: string][] {
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'))
  const found = new Map<string, string>()
  for (const path of paths.filter((path) => existsSync(path))) {
    const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().slice(1)
    const its = Number.parseInt(version, 10)
    if (its >= 20 && its < major && !found.has(version)) found.set(version, path)
  }
  return [...found]
}

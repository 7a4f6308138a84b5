// Another commit of this repository in a temporary folder, ready to be started.
//
// Always true: git knows nothing of the folder (it is filled by way of an index of its own), and it is removed at the end,
// also when the load test is interrupted or crashes.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { UsageError } from '../flags.ts'
import { isInstalled, npmCi } from '../processes/npm-peers.ts'
import { top } from '../processes/subject.ts'

export class Checkout implements Disposable {
  /** Its short hash. */
  readonly commit: string
  readonly folder = mkdtempSync(join(tmpdir(), 'encke-against-'))
  readonly #remove = () => rmSync(this.folder, { recursive: true, force: true })

  private constructor(commit: string) {
    this.commit = commit
    process.on('exit', this.#remove)
  }

  /**
   * Check out what `name` names and give it packages: those of this checkout where they are what its lock file says,
   * otherwise its own.
   *
   * @throws UsageError when there is no such commit; Error when its packages cannot be installed
   */
  static async of(name: string, signal: AbortSignal, show: (progress: string) => void): Promise<Checkout> {
    const checkout = new Checkout(shortHash(name))
    try {
      const { folder, commit } = checkout
      const env = { ...process.env, GIT_INDEX_FILE: join(folder, '.index') }
      git(['read-tree', commit], env)
      git(['checkout-index', '--all', `--prefix=${folder}/`], env)
      linkPackages(folder)
      if (!isInstalled(folder)) {
        show('its packages are other ones: npm ci')
        rmSync(join(folder, 'node_modules'), { recursive: true })
        await npmCi(folder, [], signal)
      }
      return checkout
    } catch (error) {
      checkout[Symbol.dispose]()
      throw error
    }
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#remove)
    this.#remove()
  }
}

/** @throws UsageError */
function shortHash(name: string): string {
  try {
    return git(['rev-parse', '--short', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])
  } catch {
    throw new UsageError(`--against must name a commit of this repository (got ${name})`)
  }
}

/** One link for each package: what is written beside them, such as compiled code, is then not written here. */
function linkPackages(folder: string): void {
  const packages = join(folder, 'node_modules')
  mkdirSync(packages)
  for (const name of readdirSync(`${top}node_modules`)) {
    if (name !== '.cache') symlinkSync(`${top}node_modules/${name}`, join(packages, name))
  }
}

function git(words: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  return execFileSync('git', words, { cwd: top, env, encoding: 'utf8', stdio: 'pipe' }).trim()
}

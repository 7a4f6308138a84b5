// The package as a stranger gets it: packed from what git knows, installed in an empty folder. Dispose it, and it is gone.

import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const top = fileURLToPath(new URL('../..', import.meta.url))

export class InstalledPackage implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'encke-package-'))
  /** The consumer's folder: nothing in it but the package and what it depends on. */
  readonly consumer = join(this.#folder, 'consumer')
  /** Paths in the tarball. */
  files: readonly string[] = []
  unpackedBytes = 0

  static async create(): Promise<InstalledPackage> {
    const installed = new InstalledPackage()
    try {
      await installed.#install(await installed.#pack())
    } catch (error) {
      installed[Symbol.dispose]()
      throw error
    }
    return installed
  }

  /** Run a program in the consumer's folder. Gives what it printed. */
  async run(program: string, ...given: string[]): Promise<string> {
    const { stdout } = await run(program, given, { cwd: this.consumer })
    return stdout
  }

  /** Write a file into the consumer's folder. */
  write(name: string, text: string): void {
    writeFileSync(join(this.consumer, name), text)
  }

  /** Check the consumer's files with the project's compiler, as strictly as it can. Gives its complaints. */
  async typeCheck(options: object, ...files: string[]): Promise<string> {
    const compilerOptions = { strict: true, noEmit: true, skipLibCheck: false, types: ['node'], ...options }
    this.write('tsconfig.json', JSON.stringify({ compilerOptions, files }))
    const compiler = join(top, 'node_modules/typescript/bin/tsc')
    return this.run(process.execPath, compiler, '-p', '.').catch(({ stdout, message }) => stdout || message)
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  // In a copy: packing compiles, and the checkout has no compiled files.
  async #pack(): Promise<string> {
    const copy = join(this.#folder, 'checkout')
    const { stdout: known } = await run('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: top })
    for (const path of known.split('\0').filter((path) => /^(\.ci|runtime|server|public)\/|^[^/]+$/.test(path))) {
      mkdirSync(dirname(join(copy, path)), { recursive: true })
      cpSync(join(top, path), join(copy, path))
    }
    symlinkSync(join(top, 'node_modules'), join(copy, 'node_modules'))
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', this.#folder], {
      cwd: copy,
      env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` },
    })
    const [tarball] = JSON.parse(stdout.slice(stdout.indexOf('[')))
    this.files = tarball.files.map(({ path }: { path: string }) => path)
    this.unpackedBytes = tarball.unpackedSize
    return join(this.#folder, tarball.filename)
  }

  async #install(tarball: string): Promise<void> {
    mkdirSync(this.consumer)
    this.write('package.json', JSON.stringify({ name: 'consumer', version: '1.0.0', private: true }))
    await this.run('npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', tarball)
    const types = join(this.consumer, 'node_modules/@types')
    mkdirSync(types, { recursive: true })
    symlinkSync(join(top, 'node_modules/@types/node'), join(types, 'node'))
    symlinkSync(join(top, 'node_modules/undici-types'), join(this.consumer, 'node_modules/undici-types'))
  }
}

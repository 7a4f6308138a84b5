// The browser of the tests: Chromium, as the package brings it, unpacked once for all test files into a folder that is
// removed at the end. Where it cannot run, the reason is handed on, and the tests that want it are skipped.

import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import type { TestProject } from 'vitest/node'

export interface UnpackedBrowser {
  /** Empty when there is none. */
  readonly path: string
  /** Its fonts. */
  readonly fonts: string
  /** Where its libraries are, when the machine has none. */
  readonly libraries: string
  /** Why there is none. */
  readonly missing: string
}

declare module 'vitest' {
  interface ProvidedContext {
    browser: UnpackedBrowser
  }
}

/** For vitest's `globalSetup`. */
export default async function provideBrowser(project: TestProject): Promise<() => Promise<void>> {
  const { browser, remove } = await unpackBrowser()
  if (browser.missing !== '') console.warn(`the browser tests are skipped: ${browser.missing}`)
  project.provide('browser', browser)
  return remove
}

/** Unpack the browser into a folder of its own. Takes a few seconds; `remove` takes the folder away. */
export async function unpackBrowser(): Promise<{ browser: UnpackedBrowser; remove: () => Promise<void> }> {
  const none = (missing: string) => ({
    browser: { path: '', fonts: '', libraries: '', missing },
    remove: async () => {},
  })
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return none(
      `the Chromium of @sparticuz/chromium runs on Linux on x64, this is ${process.platform} on ${process.arch}`,
    )
  }
  const folder = await mkdtemp(join(tmpdir(), 'encke-browser-'))
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 })
  // With the libraries of the machine; where it has none (a bare image lacks libnss3), with those of the package.
  const browser = await unpackInto(join(folder, 'plain'), false)
  if (browser.missing === '') return { browser, remove }
  const bare = await unpackInto(join(folder, 'bare'), true)
  if (bare.missing === '') return { browser: bare, remove }
  await remove()
  return none(browser.missing)
}

async function unpackInto(folder: string, withLibraries: boolean): Promise<UnpackedBrowser> {
  await mkdir(folder)
  // In a process of its own: the package takes its folder from TMPDIR and changes the environment as it is imported.
  const unpacking = spawnSync(process.execPath, [fileURLToPath(import.meta.url)], {
    env: { ...process.env, TMPDIR: folder, ...(withLibraries && { AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' }) },
    encoding: 'utf8',
  })
  const browser = {
    path: unpacking.stdout.trim(),
    fonts: join(folder, 'fonts'),
    libraries: withLibraries ? join(folder, 'al2023', 'lib') : '',
  }
  if (unpacking.status !== 0) return { ...browser, missing: unpacking.stderr.trim() }
  await writeFile(join(browser.fonts, 'fonts.conf'), fontsIn(browser.fonts))
  return { ...browser, missing: problemOf(browser) }
}

/** Start it, with `variables` beside those of this process. The caller closes it. */
export function launch(
  { path, fonts, libraries }: UnpackedBrowser,
  variables: Readonly<Record<string, string>> = {},
): Promise<Browser> {
  return chromium.launch({
    executablePath: path,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
    env: { ...environment({ fonts, libraries }), ...variables },
  })
}

/** The package's fonts first, so that pictures look the same everywhere, then the machine's for what those lack. */
function fontsIn(folder: string): string {
  const prefer = (name: string, font: string) =>
    `<match target="pattern"><test name="family"><string>${name}</string></test>` +
    `<edit name="family" mode="prepend" binding="strong"><string>${font}</string></edit></match>`
  return [
    '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>',
    `<dir>${folder}</dir><dir>/usr/share/fonts</dir><cachedir>${join(folder, 'cache')}</cachedir>`,
    prefer('sans-serif', 'Open Sans') + prefer('system-ui', 'Open Sans') + prefer('monospace', 'DejaVu Sans Mono'),
    '</fontconfig>',
  ].join('\n')
}

function environment({ fonts, libraries }: Pick<UnpackedBrowser, 'fonts' | 'libraries'>): Record<string, string> {
  const inherited = Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  return {
    ...Object.fromEntries(inherited),
    FONTCONFIG_PATH: fonts,
    ...(libraries !== '' && { LD_LIBRARY_PATH: libraries }),
  }
}

/** Can it run here at all? It says its version without opening anything. */
function problemOf(browser: Omit<UnpackedBrowser, 'missing'>): string {
  const { status, stderr, error } = spawnSync(browser.path, ['--version', '--no-sandbox'], {
    env: environment(browser),
    encoding: 'utf8',
    timeout: 60_000,
  })
  return status === 0 ? '' : `Chromium does not start here: ${error?.message ?? stderr.trim()}`
}

// The process that unpacks is this file, run by itself.
if (import.meta.main) {
  const { default: packed } = await import('@sparticuz/chromium')
  process.stdout.write(await packed.executablePath())
}

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isInstalled } from '../../loadtest/processes/npm-peers.ts'

const fileOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'encke-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('the peers from npm', () => {
  const lock = (version: string) =>
    JSON.stringify({
      packages: {
        '': { name: 'peers' },
        'node_modules/a': { version },
        'node_modules/only-elsewhere': { version: '1.0.0', optional: true },
      },
    })

  it('are installed when what is there is what the lock file says', () => {
    const folder = temporaryFolder()
    expect(isInstalled(folder)).toBe(false)
    writeFileSync(`${folder}/package-lock.json`, lock('1.0.0'))
    expect(isInstalled(folder)).toBe(false)
    mkdirSync(`${folder}/node_modules`)
    writeFileSync(`${folder}/node_modules/.package-lock.json`, '{"packages":{"node_modules/a":{"version":"1.0.0"}}}')
    expect(isInstalled(folder)).toBe(true)
    writeFileSync(`${folder}/package-lock.json`, lock('1.0.1'))
    expect(isInstalled(folder)).toBe(false)
  })

  it('are pinned, and their lock file names no registry', () => {
    const { dependencies } = JSON.parse(fileOf('loadtest/peers/package.json')) as {
      dependencies: Record<string, string>
    }
    expect(Object.values(dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
    const text = fileOf('loadtest/peers/package-lock.json')
    expect(text).not.toMatch(/"resolved"|registry/)
    const { packages } = JSON.parse(text) as { packages: { '': { dependencies: Record<string, string> } } }
    expect(packages[''].dependencies).toEqual(dependencies)
  })

  it('have the version of Fastify that the server has', () => {
    const installed = JSON.parse(fileOf('package-lock.json')) as { packages: Record<string, { version: string }> }
    const { dependencies } = JSON.parse(fileOf('loadtest/peers/package.json')) as {
      dependencies: Record<string, string>
    }
    expect(dependencies['fastify']).toBe(installed.packages['node_modules/fastify']?.version)
  })
})

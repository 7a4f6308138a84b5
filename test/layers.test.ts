// The layer map as a test: an arrow is an import, and there are no others.

import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { complaints, importsOf, type Layer, type LayerMap, type SourceFile } from './layers.ts'

const web = ['fastify', '@fastify/*', 'typebox', 'jose', 'node:*']
const errors = ['server/errors.ts', 'server/errors']
// Each part of the server contributes its rows to the table of errors and to that of options.
const partsWithErrors = [
  'server/access',
  'server/benchmarks',
  'server/brokers',
  'server/http',
  'server/hub',
  'server/protocols/encke',
  'server/protocols/streams',
]
const partsWithOptions = [
  'server/access',
  'server/brokers',
  'server/http',
  'server/process',
  'server/protocols/encke',
  'server/protocols/streams',
]

const map: LayerMap = {
  runtime: { mayImport: ['runtime/core', 'runtime/core/random.ts', 'runtime/testing'], packages: [] },
  'runtime/core': { mayImport: ['runtime/core/random.ts'], packages: [] },
  'runtime/testing': { mayImport: ['runtime/core', 'runtime/core/random.ts'], packages: [] },
  // A thread of the baseline needs the generator alone: with the whole runtime each of them would start more slowly.
  'runtime/core/random.ts': { mayImport: [], packages: [] },
  'runtime/models': { mayImport: ['runtime'], packages: [] },
  'runtime/programs': { mayImport: ['runtime', 'runtime/models'], packages: [] },
  'server/hub': { mayImport: ['runtime', ...errors], packages: [] },
  'server/brokers': {
    mayImport: ['server/hub', 'server/config', 'server/brokers/options.ts', 'runtime', ...errors],
    packages: [
      '@redis/client',
      'node:crypto',
      'node:fs',
      'node:fs/promises',
      'node:path',
      'node:sqlite',
      'node:url',
      'node:worker_threads',
    ],
  },
  'server/benchmarks': {
    mayImport: ['runtime', 'runtime/core/random.ts', 'runtime/models', 'runtime/programs', ...errors],
    packages: ['node:*'],
  },
  'server/access': { mayImport: ['server/config', 'runtime', ...errors], packages: web },
  'server/http': {
    mayImport: ['server/access', 'server/hub', 'runtime', ...errors],
    packages: [...web, 'uplot'],
  },
  'server/protocols/encke': {
    mayImport: ['server/access', 'server/http', 'server/hub', 'runtime', ...errors],
    packages: web,
  },
  'server/protocols/streams': {
    mayImport: ['server/access', 'server/http', 'server/hub', 'runtime', ...errors],
    packages: web,
  },
  'server/observe': {
    mayImport: ['server/access', 'server/hub', 'server/http', 'runtime', ...errors],
    packages: ['@prometheus-io/client', 'fastify', 'pino', 'typebox', 'node:*'],
  },
  'server/admin': {
    mayImport: [
      'server/access',
      'server/benchmarks',
      'server/http',
      'server/hub',
      'server/observe',
      'runtime',
      ...errors,
    ],
    packages: web,
  },
  // Everything in server/ imports it, the hub too, which must not come by a package or by Node that way.
  'server/errors.ts': {
    mayImport: [...partsWithErrors.map((part) => `${part}/errors.ts`), 'server/errors'],
    packages: [],
  },
  'server/errors': { mayImport: [], packages: [] },
  ...eachPart(partsWithErrors, 'errors.ts', { mayImport: ['server/errors'], packages: [] }),
  'server/config': { mayImport: errors, packages: ['node:*'] },
  ...eachPart(partsWithOptions, 'options.ts', { mayImport: ['server/config'], packages: [] }),
  // An option of topics has patterns.
  'server/access/options.ts': { mayImport: ['server/config', 'server/access'], packages: [] },
  // What belongs to a process: it starts the programs, and imports none of them.
  'server/process': { mayImport: ['runtime'], packages: ['node:*'] },
  'server/config.ts': {
    mayImport: [...partsWithOptions.map((part) => `${part}/options.ts`), 'server/config', ...errors],
    packages: [],
  },
  'server/engine-parts.ts': { mayImport: ['server/hub'], packages: [] },
  'server/engine.ts': {
    mayImport: [
      'server/engine-parts.ts',
      'server/access',
      'server/http',
      'server/hub',
      'server/brokers',
      'server/config.ts',
      'server/observe',
      'server/process',
      'runtime',
    ],
    packages: ['node:crypto'],
  },
  'server/routes.ts': {
    mayImport: [
      'server/engine.ts',
      'server/access',
      'server/admin',
      'server/http',
      'server/observe',
      'server/process',
      'server/protocols/encke',
      'server/protocols/streams',
    ],
    packages: web,
  },
  'server/in-process.ts': {
    mayImport: ['server/access', 'server/hub', 'server/protocols/encke', 'runtime'],
    packages: [],
  },
  'server/plugin.ts': {
    mayImport: [
      'server/access',
      'server/engine.ts',
      'server/routes.ts',
      'server/in-process.ts',
      'server/hub',
      'server/protocols/encke',
      'server/config.ts',
    ],
    packages: ['fastify'],
  },
  'server/app.ts': {
    mayImport: [
      'server/engine-parts.ts',
      'server/engine.ts',
      'server/routes.ts',
      'server/access',
      'server/http',
      'server/hub',
      'server/observe',
      'server/config.ts',
      'runtime',
    ],
    packages: ['fastify', 'node:fs', 'node:http', 'node:tls'],
  },
  'server/cli': {
    mayImport: [
      'server/app.ts',
      'server/config.ts',
      'server/config',
      'server/access',
      'server/benchmarks',
      'server/brokers',
      'server/brokers/options.ts',
      'server/http',
      'server/hub',
      'server/process',
      'runtime',
      ...errors,
    ],
    packages: ['node:*'],
  },
  'server/main.ts': { mayImport: ['server/cli', 'server/process'], packages: ['node:*'] },
  'server/index.ts': {
    mayImport: [
      'server/access',
      'server/app.ts',
      'server/plugin.ts',
      'server/config.ts',
      'server/brokers',
      'server/hub',
      ...errors,
    ],
    packages: [],
  },
  public: { mayImport: [], packages: [] },
  loadtest: {
    mayImport: ['runtime', 'runtime/models', 'runtime/programs'],
    packages: ['autocannon', 'undici', 'uplot', 'node:*'],
  },

  'loadtest/peers/servers': {
    mayImport: [],
    packages: ['fastify', 'faye', '@durable-streams/server', 'cometd-nodejs-server', 'socket.io', 'node:*'],
  },
  'loadtest/peers/programs': {
    mayImport: ['runtime', 'runtime/programs'],
    packages: ['effect', 'effection', 'js-csp', 'node:*'],
  },
}

const folders = ['runtime', 'server', 'public', 'loadtest', 'test']
const topLevel = [
  ...folders,
  'docs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'biome.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  '.gitignore',
  '.npmrc',
  '.ci',
  '.git',
]

const top = fileURLToPath(new URL('..', import.meta.url))
const paths = filesBelow(folders)
const sources = paths
  .filter((path) => /\.[cm]?[jt]s$/.test(path) && !path.startsWith('test/'))
  .map((path): SourceFile => ({ path, text: readFileSync(`${top}${path}`, 'utf8') }))

describe('the source', () => {
  it('is there to be read', () => {
    expect(sources.length).toBeGreaterThan(0)
    expect(sources.flatMap(({ text }) => importsOf(text)).length).toBeGreaterThan(0)
  })

  it('imports along the arrows of the map and along no others', () => {
    expect(complaints(map, sources)).toEqual([])
  })

  it('names no file or folder after nothing in particular', () => {
    expect(vague(paths)).toEqual([])
  })

  it('does not speak of Node in the runtime', () => {
    expect(speakingOfNode(sources)).toEqual([])
  })

  it('has only known names at the top', () => {
    expect(strangers(readdirSync(top))).toEqual([])
  })
})

describe('the checker', () => {
  const bad: [path: string, text: string, complaint: string][] = [
    ['runtime/channel.ts', "import { a } from '../server/errors.ts'", 'no arrow from runtime to server/errors.ts'],
    ['runtime/channel.ts', "import type { Go } from './models/go.ts'", 'no arrow from runtime to runtime/models'],
    ['runtime/channel.ts', "import { setTimeout } from 'node:timers'", 'the package node:timers'],
    [
      'runtime/models/go.ts',
      "export * from '../programs/chain.ts'",
      'no arrow from runtime/models to runtime/programs',
    ],
    ['server/hub/topic.ts', "import { hash } from 'node:crypto'", 'the package node:crypto'],
    [
      'server/hub/topic.ts',
      "export { Memory } from '../brokers/memory.ts'",
      'no arrow from server/hub to server/brokers',
    ],
    ['server/hub/topic.ts', "const poll = await import('../http/poll.ts')", 'no arrow from server/hub to server/http'],
    ['server/hub/topic.ts', "let reply: import('fastify').FastifyReply", 'the package fastify'],
    ['server/brokers/memory.ts', "import 'node:http'", 'the package node:http'],
    [
      'server/http/poll.ts',
      "import { Memory } from '../brokers/memory.ts'",
      'no arrow from server/http to server/brokers',
    ],
    [
      'server/http/poll.ts',
      "import type { Config } from '../config.ts'",
      'no arrow from server/http to server/config.ts',
    ],
    ['server/http/poll.ts', "import { chain } from '../../runtime/programs/chain.ts'", 'no arrow from server/http'],
    ['server/http/poll.ts', "import { buildApp } from '../app.ts'", 'no arrow from server/http to server/app.ts'],
    ['server/http/poll.ts', "import { readFile } from 'fs/promises'", 'the package fs/promises'],
    ['server/http/poll.ts', "import fastifyish from 'fastifyish'", 'the package fastifyish'],
    [
      'server/benchmarks/run.ts',
      "import { Hub } from '../hub/hub.ts'",
      'no arrow from server/benchmarks to server/hub',
    ],
    ['server/errors.ts', "import createError from '@fastify/error'", 'the package @fastify/error'],
    ['server/config.ts', "import { buildApp } from './app.ts'", 'no arrow from server/config.ts to server/app.ts'],
    ['server/main.ts', "import { Hub } from './hub/hub.ts'", 'no arrow from server/main.ts to server/hub'],
    ['server/app.ts', "import { start } from './main.ts'", 'no arrow from server/app.ts to server/main.ts'],
    ['server/app.ts', "import { undici } from 'undici'", 'the package undici'],
    ['server/app.ts', "import settings from '../tsconfig.json' with { type: 'json' }", 'no place on the map'],
    ['server/app.ts', "import { a } from '../test/layers.ts'", 'no place on the map'],
    ['server/extra.ts', '', 'server/extra.ts has no place on the map'],
    ['server/sessions/session.ts', '', 'server/sessions/session.ts has no place on the map'],
    ['public/chat.js', "import { run } from '../runtime/index.ts'", 'no arrow from public to runtime'],
    ['public/chat.js', "import uPlot from 'uplot'", 'the package uplot'],
    ['loadtest/poll.ts', "import { buildApp } from '../server/app.ts'", 'no arrow from loadtest to server/app.ts'],
    ['runtime/channel.ts', 'await import(name)', 'something computed'],
    ['runtime/channel.ts', "await import('./a' + name)", 'something computed'],
    ['runtime/channel.ts', 'await import(`./${name}.ts`)', 'something computed'],
    ['runtime/channel.ts', "require('fs')", 'the package fs'],
    ['runtime/channel.ts', "process.getBuiltinModule('fs')", 'the package fs'],
    ['runtime/channel.ts', "const open = 'and no end\n", 'cannot be read: the string in line 1'],
  ]
  it.each(bad)('objects in %s to %s', (path, text, complaint) => {
    expect(complaints(map, [{ path, text }])).toEqual([expect.stringContaining(complaint)])
  })

  const good: [path: string, text: string][] = [
    ['runtime/index.ts', "export * from './channel.ts'\nexport type { Task } from './task.ts'"],
    ['runtime/programs/chain.ts', "import { go } from '../models/go.ts'\nimport { run } from '../index.ts'"],
    ['server/hub/topic.ts', "import { fail } from '../errors.ts'\nimport { run } from '../../runtime/index.ts'"],
    ['server/http/poll.ts', "import { Type } from 'typebox'\nimport { Value } from 'typebox/value'"],
    ['server/http/poll.ts', "import cors from '@fastify/cors'\nimport { Hub } from '../hub/hub.ts'"],
    ['server/main.ts', "import { commands } from './cli/commands.ts'\nimport process from 'node:process'"],
    ['public/admin/admin.js', "import { plot } from '/vendor/plot.js'\nimport { get } from '../client.js'"],
  ]
  it.each(good)('has nothing to say in %s about %s', (path, text) => {
    expect(complaints(map, [{ path, text }])).toEqual([])
  })

  it('finds an import in every form that there is', () => {
    const text = `
      import 'a'; import b from "b"; import * as c from 'c'; import { type d, e as f } from 'd'
      import type { g } from 'e'; import type h from 'f'; import h, { i } from 'g'
      import {
        j, // from 'nowhere'
      } from 'h' with { type: 'json' }
      export * from 'i'; export * as k from 'j'; export { l } from 'k'; export type { m } from 'l'; export type * from 'm'
      const n = await import('n'), o = import(\`o\`, {}); type P = import('p').Q<typeof import('q')>
      import { 'a name' as r, from } from 'r'
      export { all }
      import from from 's'; const all = { ...import('t') }
    `
    expect(importsOf(text).join('')).toBe('abcdefghijklmnopqrst')
  })

  it('is not fooled by what only looks like an import', () => {
    const text = `
      // import 'a'
      /* import 'b' */
      const text = "import 'c'" + 'it\\'s import "d"' + \`import 'e' \${f(\`}\${{}}import 'g'\`)} import 'h'\`
      const pattern = /import 'i' ["'\`/]/g.test(text), half = pattern / 2 / 1
      export const from = 'j'; export default 'k'; export { text }; export type L = 'l'
      const { url } = import.meta; object.import('m'); const object = { from: 'n' }
      export function* n() { yield /'/ }
      export { o }
    `
    expect(importsOf(text)).toEqual([])
  })

  it('knows a vague name, Node in the runtime and a stranger at the top when it sees them', () => {
    const files = [
      'runtime/utils.ts',
      'server/http/helpers/a.ts',
      'server/types.d.ts',
      'test/common.ts',
      'runtime/types-of.ts',
    ]
    expect(vague(files)).toEqual(files.slice(0, -1))
    const text = "process.getBuiltinModule('node:fs')"
    expect(speakingOfNode([{ path: 'runtime/host.ts', text }])).toEqual(['runtime/host.ts'])
    expect(speakingOfNode([{ path: 'runtime/wait-list.ts', text: 'unlink(node: Node)' }])).toEqual([])
    expect(strangers(['runtime', 'node_modules', 'a.cpuprofile', 'scripts', 'notes.md'])).toEqual([
      'scripts',
      'notes.md',
    ])
  })
})

function vague(files: readonly string[]): string[] {
  const names = (path: string) => [...dirname(path).split('/'), basename(path).replace(/\..*/, '')]
  return files.filter((path) => names(path).some((name) => /^(?:utils?|helpers?|common|types)$/.test(name)))
}

// Only where it is quoted: the links of a list are nodes too.
function speakingOfNode(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path, text }) => path.startsWith('runtime/') && /['"`]node:/.test(text))
    .map(({ path }) => path)
}

function eachPart(parts: readonly string[], file: string, layer: Layer): LayerMap {
  return Object.fromEntries(parts.map((part) => [`${part}/${file}`, layer]))
}

function strangers(names: readonly string[]): string[] {
  const ignored = readFileSync(`${top}.gitignore`, 'utf8').split('\n').filter(Boolean)
  const isIgnored = (name: string) =>
    ignored.some((pattern) => (pattern.startsWith('*') ? name.endsWith(pattern.slice(1)) : name === pattern))
  return names.filter((name) => !topLevel.includes(name) && !isIgnored(name))
}

function filesBelow(names: readonly string[]): string[] {
  return readdirSync(top, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && names.includes(entry.name))
    .flatMap(({ name }) =>
      readdirSync(`${top}${name}`, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath}/${entry.name}`.slice(top.length))
        // The peers of the load test are installed beside their package.json.
        .filter((path) => !path.includes('/node_modules/')),
    )
}

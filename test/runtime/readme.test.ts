// runtime/README.md tells the truth: its examples are well typed and print what it says, its API is what index.ts exports, its
// tables are those of the code.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ladder, options } from '../../loadtest/price/variants.ts'
import * as runtime from '../../runtime/index.ts'

const top = fileURLToPath(new URL('../..', import.meta.url))
const folder = `${top}runtime/`
const readme = readFileSync(`${folder}README.md`, 'utf8')
const index = readFileSync(`${folder}index.ts`, 'utf8')

interface Example {
  readonly title: string
  readonly code: string
  readonly output: string
}

/** The three programs are files, and have a test of their own. */
const shown = readme.replace(sectionCalled('Three programs'), '')

/** Each block of code, with the block of output that has to follow it. */
const examples: Example[] = [...shown.matchAll(/(.*)\n\n```ts\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/gm)].map(
  ([, title = '', code = '', output = '']) => ({ title: title.replace(/^\*\*(.*?)\.?\*\*.*$/, '$1'), code, output }),
)

describe('the examples', () => {
  it('are the smallest one and ten more, and no code is without its output', () => {
    expect(examples.length).toBe(1 + 10)
    expect([...shown.matchAll(/^```ts$/gm)].length).toBe(examples.length)
    for (const { code, output } of examples) expect([code.length > 0, output.length > 0]).toEqual([true, true])
  })

  it.each(examples)('$title: prints what it says', async ({ code, output }) => {
    const program: ChildProcess = spawn(process.execPath, ['--input-type=module-typescript', '-'], { cwd: top })
    program.stdin?.end(code)
    const [out, err] = await Promise.all([text(program.stdout!), text(program.stderr!)])
    expect(`${err}${out}`).toBe(output)
  })

  it('are short', () => {
    for (const { title, code } of examples) {
      const lines = code.split('\n').filter((line) => line.trim().length > 2 && !line.startsWith('import '))
      expect({ title, isShort: lines.length <= 17 }).toEqual({ title, isShort: true })
    }
  })

  it('are well typed', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'encke-readme-'))
    try {
      examples.forEach(({ code }, at) => {
        writeFileSync(join(scratch, `example-${at}.ts`), code.replace("'./runtime/index.ts'", `'${folder}index.ts'`))
      })
      const compilerOptions = { typeRoots: [`${top}node_modules/@types`] }
      const settings = { extends: `${top}tsconfig.json`, compilerOptions, include: ['*.ts'], exclude: [] }
      writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(settings))
      writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }')
      expect(await complaintsOfCompiler(scratch)).toBe('')
    } finally {
      rmSync(scratch, { recursive: true })
    }
  })
})

describe('the API at a glance', () => {
  const section = sectionCalled('The API at a glance')
  const rows = [...section.matchAll(/^\| (`.*?) \| (.*) \|$/gm)].map(([, names = '', about = '']) => ({ names, about }))
  const documented = rows.flatMap(({ names }) => [...names.matchAll(/`(\w+)[^`]*`/g)].map(([, name]) => name as string))
  const exported = [...index.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = '']) =>
    names.split(',').flatMap((name) => name.trim() || []),
  )

  it('has every name that index.ts exports, once, and no other', () => {
    expect(exported.length).toBeGreaterThan(50)
    expect(exported).toEqual(expect.arrayContaining(Object.keys(runtime)))
    expect(documented.toSorted()).toEqual(exported.toSorted())
  })

  it('names no member that the source does not have', () => {
    const source = ['', 'core/', 'testing/']
      .flatMap((room) => readdirSync(`${folder}${room}`).map((file) => `${folder}${room}${file}`))
      .filter((path) => path.endsWith('.ts'))
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n')
    const members = [
      ...rows
        .map(({ about }) => about)
        .join('\n')
        .matchAll(/`(?:\w+)?\.(\w+)[^`]*`/g),
    ].map(([, member]) => member as string)
    expect(members.length).toBeGreaterThan(50)
    const declared = (name: string) => new RegExp(`^ +(?:readonly |get |abstract )*${name}[<(:?]| ${name} = `, 'm')
    expect(members.filter((member) => !declared(member).test(source))).toEqual([])
  })

  it('has the code of each error', () => {
    const errors: Error[] = [
      new runtime.Cancelled(),
      new runtime.TaskCancelled('it'),
      new runtime.TimeoutError(1),
      new runtime.ChannelClosed('it'),
      new runtime.ChannelFull('it', 1),
      new runtime.Deadlock(''),
      new runtime.AllFailed([]),
      new runtime.ExplorationFailed('', {}, undefined),
      new runtime.Misuse(''),
    ]
    const codes = [...section.matchAll(/^\| `(\w+)` \| `([A-Z_]+)` \|/gm)].map(([, name, code]) => [name, code])
    expect(codes).toEqual(errors.map((error) => [error.name, (error as Error & { code: string }).code]))
    const throwable = Object.values(runtime).filter((value) => (value as object) && isErrorClass(value))
    expect(throwable.length).toBe(errors.length)
  })
})

describe('the rest', () => {
  it('numbers its rules from 1 to 12', () => {
    const numbers = [...sectionCalled('Rules').matchAll(/^(\d+)\. \*\*/gm)].map(([, number]) => Number(number))
    expect(numbers).toEqual(Array.from({ length: 12 }, (_, at) => at + 1))
  })

  it('has the states that operations and tasks have', () => {
    const states = sectionCalled('States')
    const operation = readFileSync(`${folder}core/operation.ts`, 'utf8')
    const ofOperations = [...operation.matchAll(/^export const ([A-Z]+) = \d$/gm)].map(([, name = '']) =>
      name.toLowerCase(),
    )
    const ofTasks = [
      ...(
        /^export type TaskStatus = (.*)$/m.exec(readFileSync(`${folder}core/task-handle.ts`, 'utf8'))?.[1] ?? ''
      ).matchAll(/\w+/g),
    ]
    expect([ofOperations.length, ofTasks.length]).toEqual([5, 6])
    for (const state of [...ofOperations, ...ofTasks.map(([name]) => name)])
      expect(states).toMatch(new RegExp(`\\b${state}\\b`))
  })

  it('has every model that there is, and links that lead somewhere', () => {
    const models = sectionCalled('Models')
    const linked = [...models.matchAll(/^\| \[\w+\]\((.*?)\)/gm)].map(([, path]) => path as string)
    const entries = readdirSync(`${folder}models`, { withFileTypes: true })
      .map((entry) => (entry.isDirectory() ? `models/${entry.name}/index.ts` : `models/${entry.name}`))
      .filter((path) => existsSync(`${folder}${path}`) && !/models\/(microthread|turn)/.test(path))
    expect(linked.toSorted()).toEqual(entries.toSorted())
    const paths = [...readme.matchAll(/\]\(([^#)][^)]*)\)/g)].map(([, path]) => path as string)
    expect(paths.filter((path) => !existsSync(`${folder}${path}`))).toEqual([])
  })

  it('has links to headings that it has', () => {
    const headings = [...readme.matchAll(/^##+ (.*)$/gm)].map(([, heading = '']) =>
      heading.toLowerCase().replaceAll(' ', '-'),
    )
    const links = [...readme.matchAll(/\]\(#([^)]*)\)/g)].map(([, link]) => link as string)
    expect(links.filter((link) => !headings.includes(link))).toEqual([])
  })

  it('has a price for every rung of the ladder and every option', () => {
    const rows = [...sectionCalled('What it costs').matchAll(/^\| (\S.*?) \| \d/gm)].map(([, title]) => title)
    expect(rows).toEqual([...ladder, ...options].map(({ title }) => title))
  })
})

function sectionCalled(heading: string): string {
  const found = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))
  if (found === undefined) throw new Error(`runtime/README.md has no section ${heading}`)
  return found
}

async function complaintsOfCompiler(project: string): Promise<string> {
  const compiler = `${top}node_modules/typescript/bin/tsc`
  try {
    await promisify(execFile)(process.execPath, [compiler, '-p', project])
    return ''
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}

function isErrorClass(value: unknown): boolean {
  return typeof value === 'function' && value.prototype instanceof Error
}

// Makes what was compiled for the package small: `node .ci/compact.ts dist`, the last step of `npm pack`.
//
// Code loses its blanks and its local names, and the scripts of Redis within it their remarks and indentation; the names of
// functions and classes stay, for coroutines and stacks are called by them. The programs of the pages lose them too, and their
// style sheets what is written for people: both are served from there instead of from `public/`. `client.js` becomes one file,
// with what only some pages load beside it. Declarations that no public one leads to are removed. Nothing else is bundled:
// workers, and the folder of the package, are found by where a file is.

import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { rolldown } from 'rolldown'
import { minifySync } from 'rolldown/utils'
import { clientBundle, clientOutput } from './client-bundle.ts'

const [folder = 'dist'] = process.argv.slice(2)

for (const path of globSync(`${folder}/runtime/**/*.js`)) makeSmall(path, path, true)
for (const path of globSync(`${folder}/server/**/*.js`)) makeSmall(path, path)
for (const path of globSync('public/**/*.js')) makeSmall(path, join(folder, path))
await bundleClient()
for (const path of globSync('public/**/*.css')) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), withoutRemarks(readFileSync(path, 'utf8')))
}

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, string | { types?: string }>
}
const wanted = new Set<string>()
for (const entry of Object.values(exports)) if (typeof entry === 'object' && entry.types) want(resolve(entry.types))
for (const path of globSync(`${folder}/**/*.d.{ts,cts}`)) {
  if (wanted.has(resolve(path))) writeFileSync(path, withoutProse(readFileSync(path, 'utf8')))
  else rmSync(path)
}

/** The runtime's expressions stay as they were measured. */
function makeSmall(path: string, target: string, isRuntime = false): void {
  const text = readFileSync(path, 'utf8')
  const { code, errors } = minifySync(path, path.includes('/redis/scripts/') ? withoutLuaRemarks(text) : text, {
    compress: isRuntime ? false : { keepNames: { function: true, class: true } },
    mangle: { toplevel: true, keepNames: true },
    codegen: { removeWhitespace: true },
    module: true,
  })
  if (errors.length > 0) throw new Error(`${path} cannot be made small: ${errors[0]?.message}`)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, `${code}\n`)
}

/** One file for what every page loads: of ten files each costs a request, and compresses worse. */
async function bundleClient(): Promise<void> {
  for (const path of globSync(`${folder}/public/client/*.js`)) rmSync(path)
  await using bundling = await rolldown(clientBundle)
  await bundling.write({ dir: join(folder, 'public'), ...clientOutput })
}

/** Scripts in Lua without the lines that are remarks, and without indentation. */
function withoutLuaRemarks(text: string): string {
  return text.replace(/\n *--.*/g, '').replace(/\n +/g, '\n')
}

/** A style sheet without its comments, its indentation, and the ends of lines that say nothing. */
function withoutRemarks(sheet: string): string {
  return sheet
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\s*\n\s*/g, '\n')
    .replace(/([{};,])\n/g, '$1')
    .replace(/ \{/g, '{')
    .replace(/;\}/g, '}')
    .trimStart()
}

/** The texts of the error table are no types for anybody, and blanks are for whoever writes a file. */
function withoutProse(declarations: string): string {
  return declarations.replace(/^( *readonly summary: )'.*';$/gm, '$1string;').replace(/^ +/gm, indentOf)
}

/** One blank for four; that before the star of a comment stays. */
function indentOf(blanks: string): string {
  return ' '.repeat(Math.floor(blanks.length / 4) + (blanks.length % 4))
}

function want(path: string): void {
  if (wanted.has(path) || !existsSync(path)) return
  wanted.add(path)
  for (const [, name = ''] of readFileSync(path, 'utf8').matchAll(/(?:from|import\(?) ?['"](\.[^'"]+)['"]/g)) {
    want(join(dirname(path), name).replace(/\.[jt]s$/, '.d.ts'))
  }
}

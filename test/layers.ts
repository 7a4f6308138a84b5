// Checks that source files import along the arrows of the layer map and along no others.
//
// It reads imports with a small lexer, not with a parser: comments, strings, templates and regular expressions are told
// apart, and an import is then a short sequence of tokens. What it cannot read (a computed `import()`, a string that does
// not end) is a complaint and never a pass.

import { posix } from 'node:path'

/** One room of the house: which other rooms and which packages its files may import. Its own files it always may. */
export interface Layer {
  mayImport: readonly string[]
  /** Package names; `*` at the end stands for anything. */
  packages: readonly string[]
}

/** Layers by path from the top: a folder without its slash, or one file. The longest match is a file's layer. */
export type LayerMap = Readonly<Record<string, Layer>>

export interface SourceFile {
  /** From the top of the project, with `/`. */
  path: string
  text: string
}

/** Say what each import of `files` breaks, one sentence each; nothing when all is well. */
export function complaints(map: LayerMap, files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => fileComplaints(map, file))
}

function fileComplaints(map: LayerMap, { path, text }: SourceFile): string[] {
  const from = layerOf(map, path)
  if (from === undefined) return [`${path} has no place on the map`]
  let specifiers: (string | undefined)[]
  try {
    specifiers = importsOf(text)
  } catch (error) {
    return [`${path} cannot be read: ${(error as Error).message}`]
  }
  return specifiers.flatMap((specifier) => {
    const reason =
      specifier === undefined ? 'something computed, which nobody can check' : objection(map, from, path, specifier)
    return reason === undefined ? [] : [`${path} imports ${reason}`]
  })
}

function objection(map: LayerMap, from: string, path: string, specifier: string): string | undefined {
  if (!/^\.{0,2}\//.test(specifier)) {
    const allowed = map[from]?.packages.some((pattern) => matches(pattern, specifier))
    return allowed ? undefined : `the package ${specifier}, which ${from} may not`
  }
  // A page's absolute import starts at what is served, which is public/.
  const target = specifier.startsWith('/') ? `public${specifier}` : posix.join(posix.dirname(path), specifier)
  const to = layerOf(map, target)
  if (to === undefined) return `${specifier}, which is no place on the map`
  return to === from || map[from]?.mayImport.includes(to)
    ? undefined
    : `${target}: there is no arrow from ${from} to ${to}`
}

function matches(pattern: string, specifier: string): boolean {
  if (pattern.endsWith('*')) return specifier.startsWith(pattern.slice(0, -1))
  return specifier === pattern || specifier.startsWith(`${pattern}/`)
}

function layerOf(map: LayerMap, path: string): string | undefined {
  return Object.keys(map)
    .filter((layer) => path === layer || (!layer.endsWith('.ts') && path.startsWith(`${layer}/`)))
    .sort((a, b) => b.length - a.length)[0]
}

/**
 * List what `text` imports, in order: static imports and re-exports, with and without `type`, `import()` as expression and as type,
 * `require()` and `getBuiltinModule()`. An import whose specifier is computed is listed as `undefined`.
 *
 * @throws SyntaxError when the text cannot be read
 */
export function importsOf(text: string): (string | undefined)[] {
  const tokens = tokenize(text)
  const found: (string | undefined)[] = []
  for (let i = 0; i < tokens.length; i++) {
    const word = tokens[i]?.kind === 'word' ? tokens[i]?.text : undefined
    if (word === undefined) continue
    const isMember = isPunctuator(tokens[i - 1], '.') && !isPunctuator(tokens[i - 2], '.')
    if (word === 'import' && !isMember) found.push(...importAt(tokens, i))
    else if (word === 'export' && !isMember) found.push(...clauseAt(tokens, i + 1))
    else if ((word === 'require' && !isMember) || word === 'getBuiltinModule') found.push(...callAt(tokens, i + 1))
  }
  return found
}

function importAt(tokens: Token[], i: number): (string | undefined)[] {
  const next = tokens[i + 1]
  if (next?.kind === 'string') return [next.text]
  return isPunctuator(next, '(') ? callAt(tokens, i + 1) : clauseAt(tokens, i + 1)
}

function callAt(tokens: Token[], i: number): (string | undefined)[] {
  if (!isPunctuator(tokens[i], '(')) return []
  const isLiteral =
    tokens[i + 1]?.kind === 'string' && (isPunctuator(tokens[i + 2], ')') || isPunctuator(tokens[i + 2], ','))
  return [isLiteral ? tokens[i + 1]?.text : undefined]
}

// `type A, { b as c, 'd' as e } from 'x'`: what may stand between the keyword and `from` holds nothing but words, commas,
// stars and braces, and strings only within the braces, so anything else ends the search (`export const …`, `import.meta`).
function clauseAt(tokens: Token[], start: number): (string | undefined)[] {
  let depth = 0
  for (let i = start; i < tokens.length; i++) {
    const token = tokens[i] as Token
    const next = tokens[i + 1]
    if (isPunctuator(token, '{')) depth++
    else if (isPunctuator(token, '}')) depth--
    else if (depth === 0 && token.kind === 'word' && token.text === 'from' && next?.kind === 'string')
      return [next.text]
    else if (token.kind === 'string' ? depth === 0 : token.kind !== 'word' && !/^[,*]$/.test(token.text)) return []
    else if (depth === 0 && token.kind === 'word' && declarations.has(token.text)) return []
  }
  return []
}

const declarations = new Set([
  'const',
  'let',
  'var',
  'function',
  'class',
  'interface',
  'async',
  'abstract',
  'declare',
  'import',
  'export',
])

interface Token {
  kind: 'word' | 'string' | 'punctuator' | 'other'
  text: string
}

function isPunctuator(token: Token | undefined, text: string): boolean {
  return token?.kind === 'punctuator' && token.text === text
}

const space = /\s+|\/\/[^\n]*|\/\*.*?\*\//sy
const word = /[\w$#@\u0080-\uffff]+/y
const string = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/sy
const regularExpression = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y
const templateText = /(?:[^`\\$]|\\.|\$(?!\{))*/sy

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  // One number for each template that is open: how many braces are open within its current `${…}`.
  const templates: number[] = []
  let at = 0

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const taken = pattern.exec(text)?.[0]
    at += taken?.length ?? 0
    return taken
  }
  const fail = (what: string): never => {
    throw new SyntaxError(`${what} in line ${text.slice(0, at).split('\n').length} does not end`)
  }
  const templatePart = (isStart: boolean) => {
    const part = take(templateText) ?? ''
    const end = text[at]
    if (end === undefined) fail('the template')
    at += end === '`' ? 1 : 2
    if (end !== '`') templates.push(0)
    // A template without `${…}` can be a specifier like any string.
    const isWhole = isStart && end === '`'
    tokens.push({ kind: isWhole ? 'string' : 'other', text: part })
  }

  while (at < text.length) {
    if (take(space)) continue
    const character = text[at] as string
    const taken = take(word)
    if (taken !== undefined) tokens.push({ kind: 'word', text: taken })
    else if (character === "'" || character === '"') {
      tokens.push({ kind: 'string', text: unescaped(take(string) ?? fail('the string')) })
    } else if (character === '`') {
      at++
      templatePart(true)
    } else if (character === '}' && templates.at(-1) === 0) {
      at++
      templates.pop()
      templatePart(false)
    } else if (character === '/' && startsExpression(tokens.at(-1)) && take(regularExpression)) {
      tokens.push({ kind: 'other', text: '' })
    } else {
      if (templates.length > 0 && character === '{') templates.push((templates.pop() as number) + 1)
      if (templates.length > 0 && character === '}') templates.push((templates.pop() as number) - 1)
      tokens.push({ kind: 'punctuator', text: character })
      at++
    }
  }
  if (templates.length > 0) fail('the template')
  return tokens
}

function unescaped(literal: string): string {
  return literal
    .slice(1, -1)
    .replace(/\\(?:x([\da-f]{2})|u([\da-f]{4})|u\{([\da-f]+)\}|(.))/gis, (_all, x, u, long, plain) =>
      plain === undefined ? String.fromCodePoint(Number.parseInt(x ?? u ?? long, 16)) : plain,
    )
}

// A slash after a value divides; anywhere else it starts a regular expression.
function startsExpression(previous: Token | undefined): boolean {
  if (previous === undefined) return true
  if (previous.kind === 'word')
    return /^(?:return|typeof|case|in|of|do|else|void|delete|throw|await|yield|new)$/.test(previous.text)
  return previous.kind === 'punctuator' && !/[)\]}]/.test(previous.text)
}

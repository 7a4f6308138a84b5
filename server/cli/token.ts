// encke token: mints a token, as a web application does for its users.

import { mintToken } from '../access/mint-token.ts'
import { patternRule, readTopicPattern } from '../access/topic-pattern.ts'
import { custom, list, secret, toggle } from '../config/option.ts'
import { OptionTable } from '../config/option-table.ts'
import type { Parsed } from '../config/readers.ts'
import { clip } from '../errors.ts'
import { type Command, helpText, misuse } from './command.ts'
import { type Terminal, write } from './terminal.ts'

const longestSeconds = 10 * 365 * 86_400

const options = {
  tokenSecret: secret(
    'What the server was started with as --token-secret. Better given as a variable: others see flags.',
  ),
  publish: patterns('Topics that its bearer may publish to.'),
  subscribe: patterns('Topics that its bearer may read.'),
  manage: patterns('Topics that its bearer may create and remove.'),
  admin: toggle(false, 'Its bearer administrates the server.'),
  subject: name('Whose it is, for limits, presence and idempotency keys.'),
  audience: name('Whom it is for, where the server wants that (--token-audience).'),
  issuer: name('Whom it is from, where the server wants that (--token-issuer).'),
  ttl: custom(3_600, 'a time such as 90s, 15m, 1h or 7d; a number alone counts seconds', 'How long it holds.', readTtl),
  json: toggle(false, 'Print the token and when it expires as JSON.'),
}

const table = new OptionTable(options, [])

export const token: Command = { help, run }

function help(): string {
  return helpText(
    'encke token [options]',
    'Mint a token for a server that was started with --token-secret (HS256). What it may do is in the patterns: a segment of\na pattern may be *, and ** at its end stands for the rest.',
    table.describe(),
    [
      `encke token --publish 'chat/**' --subscribe '**' --subject ada --ttl 1h`,
      'ENCKE_TOKEN=$(encke token --admin) encke subscribe __encke/samples --json',
    ],
  )
}

async function run(argv: readonly string[], open: () => Terminal): Promise<number> {
  const terminal = open()
  const { values, words } = table.readCommand(argv, terminal.env)
  if (words.length > 0)
    throw misuse(`token takes options only (got ${words[0]}); quote patterns, or the shell expands them`)
  const { tokenSecret, json, publish, subscribe, manage, admin } = values
  if (tokenSecret === undefined) throw misuse('token needs --token-secret (or ENCKE_TOKEN_SECRET)')
  if (!admin && [publish, subscribe, manage].every(({ length }) => length === 0)) {
    throw misuse('this token could do nothing: give --publish, --subscribe, --manage or --admin')
  }
  const { subject, audience, issuer, ttl: ttlSeconds } = values
  const named = {
    ...(subject !== undefined && { subject }),
    ...(audience !== undefined && { audience }),
    ...(issuer !== undefined && { issuer }),
  }
  const minted = await mintToken({ secret: tokenSecret, publish, subscribe, manage, admin, ttlSeconds, ...named })
  const expiresAt = new Date(Date.now() + ttlSeconds * 1_000).toISOString()
  await write(terminal.out, json ? `${JSON.stringify({ token: minted, expiresAt })}\n` : `${minted}\n`)
  return 0
}

const unitSeconds: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 }

function readTtl(text: string): Parsed<number> {
  const [, digits, unit = ''] = /^(\d{1,9})([smhd]?)$/i.exec(text) ?? []
  const seconds = Number(digits) * (unitSeconds[unit.toLowerCase()] ?? 0)
  return seconds >= 1 && seconds <= longestSeconds ? { value: seconds } : { misfit: clip(text) }
}

function patterns(about: string) {
  return list(`patterns of topics, separated by commas, each ${patternRule}`, about, readTopicPattern)
}

function name(about: string) {
  return custom<string | undefined>(undefined, 'a text', about, (text) => ({ value: text }))
}

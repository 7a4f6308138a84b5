// The configuration of a server: flags over ENCKE_* variables over defaults, checked once, here, and trusted everywhere else.
//
// Always true:
//   - an option is one row of `options`; its flag, its variable, the usage text and the documents follow from that row;
//   - nothing is ignored: an unknown flag, an unknown ENCKE_* variable and a value that does not fit are complaints,
//     and all complaints are made together;
//   - an empty variable counts as unset;
//   - no secret is ever repeated in a complaint.
// `server/README.md` lists exactly these options (test/server/config.test.ts compares them in both directions).

import { BlockList, isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { clip } from './errors.ts'

/** What keeps a server from starting. None of these reaches a client: the process prints the complaints and exits. */
export const configErrorTable = {
  ENCKE_ERR_CONFIG: {
    exitCode: 2,
    summary:
      'An option is unknown, does not fit or contradicts another; every complaint is a line that says what to do.',
  },
  ENCKE_ERR_LISTEN: {
    exitCode: 2,
    summary:
      'The address cannot be listened on, for instance because the port is in use; choose another, or stop its user.',
  },
} as const

type ConfigErrorCode = keyof typeof configErrorTable

/** Thrown before the server serves; `complaints` are single lines for the operator, to be printed without a stack. */
export class ConfigError extends Error {
  readonly code: ConfigErrorCode
  readonly exitCode: number
  readonly complaints: readonly string[]

  constructor(code: ConfigErrorCode, complaints: readonly string[]) {
    super(complaints.join('\n'))
    this.name = 'ConfigError'
    this.code = code
    this.exitCode = configErrorTable[code].exitCode
    this.complaints = complaints
  }
}

type Reading<T> = { readonly value: T } | { readonly misfit: string }

interface Option<T> {
  readonly fallback: T
  /** What fits; it continues the sentence "--port must be …". */
  readonly fits: string
  /** What it is for, what 0 means, and what happens at the limit. */
  readonly about: string
  readonly kind?: 'switch' | 'secret'
  readonly read: (text: string) => Reading<T>
}

/** The longest time a Node timer can wait; anything above fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
const KIB = 1024
const MIB = 1024 * KIB
/** One message or one body is held in memory whole, several times over while it is served. */
const LARGEST_BODY_BYTES = 64 * MIB
const DAY_MS = 24 * 60 * 60 * 1000

const options = {
  host: custom(
    '127.0.0.1',
    'an IP address or a host name, without a port',
    'Address to listen on. Any but loopback needs `--publish-key` and `--subscribe-key`, or `--open`.',
    readHost,
  ),
  port: integer(8080, 0, 65_535, '', 'Port to listen on; 0 takes a free one, and the banner says which.'),
  open: toggle(
    false,
    'Let an address other than loopback be served without keys. A key that is set is wanted all the same.',
  ),

  adminToken: secret(
    'Token for `/admin/…`, which is never open. Without one a new one is made and printed at each start.',
  ),
  publishKey: secret('Key that publishers must send; without it everybody who reaches the server may publish.'),
  subscribeKey: secret('Key that readers must send; without it everybody who reaches the server may read.'),
  publicHosts: list(
    'host names, without a port, separated by commas',
    'Names that the server is reached by, beside loopback names and IP addresses; any other `Host` gets 421.',
    readHostName,
  ),
  origins: list(
    'origins such as https://chat.example.com, separated by commas',
    'Origins, beside our own, whose pages may publish and read; a change asked for by any other gets 403.',
    readOrigin,
  ),
  trustProxy: custom<false | number | readonly string[]>(
    false,
    'the number of proxies in front (0 to 100), or their addresses or CIDR blocks, separated by commas',
    'Which hops may name the client in `X-Forwarded-For`; 0 trusts none. Trusting too many lets a client choose its address and so escape its limits.',
    readTrustProxy,
  ),
  clientLimits: toggle(
    true,
    'The limits per client: `--requests-per-second` and `--max-waiting-per-client`. Off lifts those two and no other, for load tests.',
  ),

  fastPath: toggle(
    true,
    'Answer a poll that repeats the one before on its connection without parsing it again and without Fastify. Off costs about twice the processor time per poll.',
  ),

  drainMs: milliseconds(
    20_000,
    0,
    'After SIGTERM, the longest window over which waiting requests are answered, 10 ms for each; 0 answers them all at once.',
  ),
  drainPauseMs: milliseconds(
    500,
    0,
    'After SIGTERM, the time in which load balancers may notice that `/readyz` says 503, before waiting requests are answered; 0 does not pause.',
  ),

  waitDefaultSeconds: seconds(
    25,
    'How long a poll waits that does not say; 0 answers at once. Keep it below the shortest proxy time-out.',
  ),
  waitMaxSeconds: seconds(
    120,
    'The longest wait of a poll; one that asks for more is lowered to it, and its reply says so.',
  ),
  limitDefault: integer(100, 1, 1_000_000, 'messages', 'How many messages a poll gets at most when it does not say.'),
  limitMax: integer(
    1000,
    1,
    1_000_000,
    'messages',
    'The highest limit of a poll; one that asks for more is lowered to it, and its reply says so.',
  ),
  topicsPerGet: integer(100, 1, 1000, 'topics', 'How many topics one GET may name; above it the poll gets 400.'),
  topicsPerPoll: integer(
    1000,
    1,
    100_000,
    'topics',
    'How many topics one `POST /poll` may name; above it the poll gets 400.',
  ),
  batchBytes: bytes(
    MIB,
    2 ** 30,
    'How large the messages of one reply may be together; the rest waits (`more: true`). One message is always sent.',
  ),

  messageBytes: bytes(64 * KIB, LARGEST_BODY_BYTES, 'The largest message; above it the publish gets 413.'),
  pollBodyBytes: bytes(512 * KIB, LARGEST_BODY_BYTES, 'The largest body of `POST /poll`; above it the poll gets 413.'),
  historyMessages: integer(
    1000,
    1,
    10_000_000,
    'messages',
    'How many messages a topic keeps; older ones are dropped, and readers who missed them are told how many.',
  ),
  historyBytes: bytes(
    MIB,
    2 ** 40,
    'How large the messages that a topic keeps may be together; older ones are dropped, the newest is always kept.',
  ),
  historyAgeMs: milliseconds(DAY_MS, 1, 'How long a topic keeps a message; the newest is kept longer.'),
  historyTotalBytes: bytes(
    256 * MIB,
    2 ** 40,
    'How large the messages of all topics may be together; when nothing more can be dropped, a publish gets 503.',
  ),
  maxTopics: integer(
    100_000,
    1,
    100_000_000,
    'topics',
    'How many topics are remembered; the least recently used goes first, and when somebody waits on every one, a new topic gets 503.',
  ),
  topicTtlMs: milliseconds(
    DAY_MS,
    1,
    'How long a topic is remembered after its last publish or poll; cursors on it then say `reset`.',
  ),
  unfollowMs: milliseconds(
    30_000,
    0,
    'How long the broker is still followed after the last reader of a topic left; 0 stops at once.',
  ),

  maxWaiting: integer(50_000, 1, 10_000_000, 'requests', 'How many requests may wait in all; one more gets 503.'),
  maxWaitingPerClient: integer(
    200,
    1,
    10_000_000,
    'requests',
    'How many requests of one client may wait; one more gets 429.',
  ),
  requestsPerSecond: integer(
    200,
    1,
    10_000_000,
    'requests',
    'How many requests one client may send in a second; one more gets 429.',
  ),

  sliceMs: integer(
    5,
    1,
    1000,
    'milliseconds',
    'How long coroutines run before sockets and timers get their turn; longer is more throughput and worse latency.',
  ),
  logLevel: choice(
    'info',
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'The least important log lines that are written.',
  ),
}

type Key = keyof typeof options

/** What a server is made with. `trustProxy` is false, a number of hops, or addresses and CIDR blocks. */
export type Config = { readonly [K in Key]: (typeof options)[K] extends Option<infer T> ? T : never }

type NumericKey = { [K in Key]: Config[K] extends number ? K : never }[Key]

const keys = Object.keys(options) as Key[]
const optionOf = (key: Key): Option<unknown> => options[key]
const flagOf = (key: Key) => `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
const variableOf = (key: Key) => `ENCKE_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
const keyOfFlag = new Map(keys.map((key) => [flagOf(key), key]))
const keyOfVariable = new Map(keys.map((key) => [variableOf(key), key]))

/**
 * Read the configuration from the words after the program's name and the environment.
 *
 * `--help` and `--version` are not its business: see `askedFor`.
 *
 * @throws ConfigError ENCKE_ERR_CONFIG with every complaint there is
 */
export function readConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const flags = readFlags(argv)
  const variables = readVariables(env)
  const given: Given = new Map([...variables.given, ...flags.given])
  const values = readValues(given)
  const complaints = [...flags.complaints, ...variables.complaints, ...values.complaints]
  complaints.push(...compare(values.config, values.misfits, given))
  if (complaints.length > 0) throw new ConfigError('ENCKE_ERR_CONFIG', complaints)
  return Object.freeze(values.config)
}

/** Say whether the command line asks for the usage text or the version instead of a server. */
export function askedFor(argv: readonly string[]): 'help' | 'version' | undefined {
  return readFlags(argv).asked
}

/** The text for `--help`. */
export function usage(): string {
  const rows = describeOptions().map(
    ({ flag, variable, fallback, fits, about }) =>
      `  ${flag}, ${variable} (${fallback})\n      ${about.replaceAll('`', '')}\n      Must be ${fits}.`,
  )
  return [
    'Usage: npm start -- [flags]',
    '',
    'Encke, a comet server. A flag wins over its variable, and a variable over the default in parentheses.',
    '',
    ...rows,
    '',
    '  -h, --help       print this and exit',
    '  -v, --version    print the version and exit',
    '',
  ].join('\n')
}

interface OptionDescription {
  readonly key: Key
  readonly flag: string
  readonly variable: string
  readonly fallback: string
  readonly fits: string
  readonly about: string
}

/** The options as people read them, in the order of the table. */
export function describeOptions(): OptionDescription[] {
  return keys.map((key) => {
    const { fallback, fits, about } = optionOf(key)
    return { key, flag: flagOf(key), variable: variableOf(key), fallback: showFallback(fallback), fits, about }
  })
}

/**
 * Turn a failure of `listen` that the operator can mend into a complaint; undefined for any other error.
 *
 * The code of the result is ENCKE_ERR_LISTEN.
 */
export function explainListenFailure(error: unknown, config: Pick<Config, 'host' | 'port'>): ConfigError | undefined {
  const { host, port } = config
  const chooseHost = 'choose another with --host or ENCKE_HOST'
  const choosePort = 'choose another with --port or ENCKE_PORT, 0 for any free one'
  const complaints = new Map([
    ['EADDRINUSE', `port ${port} on ${host} is in use; stop what uses it, or ${choosePort}`],
    ['EACCES', `port ${port} on ${host} needs rights that this process lacks; ${choosePort}`],
    ['EADDRNOTAVAIL', `${host} is not an address of this machine; ${chooseHost}`],
    ['EAFNOSUPPORT', `this machine has no network for addresses such as ${host}; ${chooseHost}`],
    ['ENOTFOUND', `the name ${host} has no address; ${chooseHost}`],
    ['EAI_AGAIN', `the name ${host} cannot be looked up now; ${chooseHost}`],
  ])
  const complaint = error instanceof Error && 'code' in error ? complaints.get(String(error.code)) : undefined
  return complaint === undefined ? undefined : new ConfigError('ENCKE_ERR_LISTEN', [complaint])
}

/** What was given for an option, and by which flag or variable. */
type Given = Map<Key, { readonly source: string; readonly text: string }>

const questions = new Map<string, 'help' | 'version'>([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-v', 'version'],
])

function readFlags(argv: readonly string[]) {
  const given: Given = new Map()
  const complaints: string[] = []
  let asked: 'help' | 'version' | undefined
  for (let at = 0; at < argv.length; at++) {
    const { flag, inline } = splitFlag(argv[at]!)
    const key = keyOfFlag.get(flag)
    const text = inline ?? valueAfter(argv, at, key)
    if (inline === undefined && text !== undefined) at++
    if (questions.has(flag)) asked ??= questions.get(flag)
    else if (key === undefined) complaints.push(complainAboutFlag(flag))
    else if (given.has(key)) complaints.push(`${flag} is given twice; give it once`)
    else if (text?.trim()) given.set(key, { source: flag, text })
    else if (text === undefined && optionOf(key).kind === 'switch') given.set(key, { source: flag, text: 'on' })
    else complaints.push(`${flag} needs a value: ${optionOf(key).fits}`)
  }
  return { given, complaints, asked }
}

function splitFlag(word: string): { flag: string; inline?: string } {
  const end = word.startsWith('--') ? word.indexOf('=') : -1
  return end === -1 ? { flag: word } : { flag: word.slice(0, end), inline: word.slice(end + 1) }
}

/** The next word if it is the value of the flag at `at`. An unknown flag takes its value along: one slip, one complaint. */
function valueAfter(argv: readonly string[], at: number, key: Key | undefined): string | undefined {
  const next = argv[at + 1]
  const isFlag = argv[at]!.startsWith('-') && !questions.has(argv[at]!)
  if (!isFlag || next === undefined || next.startsWith('--')) return undefined
  if (key === undefined) return next.startsWith('-') ? undefined : next
  return optionOf(key).kind !== 'switch' || 'value' in readToggle(next) ? next : undefined
}

function complainAboutFlag(word: string): string {
  if (!word.startsWith('-'))
    return `${clip(word)} is not a flag; every option is written --name value (--help lists them)`
  const switched = keyOfFlag.get(word.replace('--no-', '--'))
  const near =
    switched && optionOf(switched).kind === 'switch' ? `${flagOf(switched)}=off` : nearest(word, keyOfFlag.keys())
  return `unknown flag ${clip(word)}; ${near ? `did you mean ${near}?` : 'leave it out'} (--help lists them)`
}

// Kubernetes sets these in every pod beside a Service named "encke": nobody misspelt them.
const FROM_KUBERNETES = /^ENCKE_(SERVICE_(HOST|PORT)|PORT_\d+_)/

function readVariables(env: Readonly<Record<string, string | undefined>>) {
  const given: Given = new Map()
  const complaints: string[] = []
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith('ENCKE_') || !text?.trim() || FROM_KUBERNETES.test(variable)) continue
    const key = keyOfVariable.get(variable)
    if (key !== undefined) given.set(key, { source: variable, text })
    else complaints.push(complainAboutVariable(variable))
  }
  return { given, complaints }
}

function complainAboutVariable(variable: string): string {
  const near = nearest(variable, keyOfVariable.keys())
  return `unknown variable ${clip(variable)}; ${near ? `did you mean ${near}? If not, ` : ''}unset it (--help lists them)`
}

function readValues(given: Given) {
  const config = Object.fromEntries(keys.map((key) => [key, options[key].fallback])) as Record<Key, unknown>
  const complaints: string[] = []
  const misfits = new Set<Key>()
  for (const [key, { source, text }] of given) {
    const { kind, fits, read } = optionOf(key)
    const reading = read(kind === 'secret' ? text : text.trim())
    if ('value' in reading) config[key] = reading.value
    else {
      misfits.add(key)
      complaints.push(`${source} must be ${fits} (got ${reading.misfit})`)
    }
  }
  return { config: config as Config, complaints, misfits }
}

/** What two options say together. A rule is silent while one of its options has a complaint of its own. */
function compare(config: Config, misfits: ReadonlySet<Key>, given: Given): string[] {
  const name = (key: Key) => given.get(key)?.source ?? flagOf(key)
  const value = (key: Key) => `${config[key]}${given.has(key) ? '' : ', the default'}`
  const complaints: string[] = []
  const notAbove = (low: NumericKey, high: NumericKey, reason: string) => {
    if (misfits.has(low) || misfits.has(high) || config[low] <= config[high]) return
    const both = `${name(low)} (${value(low)}) must not be above ${name(high)} (${value(high)})`
    complaints.push(`${both}: ${reason}; lower the first or raise the second`)
  }
  notAbove(
    'waitDefaultSeconds',
    'waitMaxSeconds',
    'a poll that does not say how long it waits would wait longer than any may',
  )
  notAbove('limitDefault', 'limitMax', 'a poll without a limit would get more than any may')
  notAbove('messageBytes', 'historyBytes', 'a message that may be published must fit into the history of its topic')
  notAbove('historyBytes', 'historyTotalBytes', 'the history of one topic must fit into that of all')
  if (!misfits.has('host')) complaints.push(...complainAboutKeys(config, misfits, name('host')))
  return complaints
}

function complainAboutKeys(config: Config, misfits: ReadonlySet<Key>, hostSource: string): string[] {
  if (config.open || misfits.has('open') || isLoopback(config.host)) return []
  const wanted = (['publishKey', 'subscribeKey'] as const).filter((key) => !config[key] && !misfits.has(key))
  if (wanted.length === 0) return []
  const named = wanted.map((key) => `${flagOf(key)} (or ${variableOf(key)})`).join(' and ')
  const reach = `${hostSource} is ${clip(config.host)}, which other machines can reach`
  return [`${reach}: set ${named}, or let everybody publish and read without a key with --open (or ENCKE_OPEN=on)`]
}

function isLoopback(host: string): boolean {
  const family = isIP(host)
  if (family === 0) return host === 'localhost'
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8, 'ipv4')
  loopback.addAddress('::1', 'ipv6')
  return loopback.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

// The kinds of options.

function custom<T>(fallback: T, fits: string, about: string, read: (text: string) => Reading<T>): Option<T> {
  return { fallback, fits, about, read }
}

function integer(fallback: number, min: number, max: number, unit: string, about: string): Option<number> {
  const fits = `a whole number${unit && ` of ${unit}`} from ${min} to ${max}`
  return { fallback, fits, about, read: (text) => readInteger(text, min, max) }
}

function milliseconds(fallback: number, min: number, about: string): Option<number> {
  return integer(fallback, min, LONGEST_TIMER_MS, 'milliseconds', about)
}

function seconds(fallback: number, about: string): Option<number> {
  return integer(fallback, 0, Math.floor(LONGEST_TIMER_MS / 1000), 'seconds', about)
}

function bytes(fallback: number, max: number, about: string): Option<number> {
  return integer(fallback, 1, max, 'bytes', about)
}

function toggle(fallback: boolean, about: string): Option<boolean> {
  return { fallback, fits: 'on or off', about, kind: 'switch', read: readToggle }
}

function choice<T extends string>(fallback: NoInfer<T>, values: readonly T[], about: string): Option<T> {
  const read = (text: string) => {
    const value = values.find((candidate) => candidate === text.toLowerCase())
    return value === undefined ? misfit(text) : { value }
  }
  return { fallback, fits: `one of ${values.join(', ')}`, about, read }
}

function list(fits: string, about: string, readItem: (item: string) => Reading<string>): Option<readonly string[]> {
  return { fallback: Object.freeze([]), fits, about, read: (text) => readList(text, readItem) }
}

function secret(about: string): Option<string | undefined> {
  const fits = 'printable ASCII characters, neither beginning nor ending with a blank'
  return { fallback: undefined, fits, about, kind: 'secret', read: readSecret }
}

// The readers: text in; out comes the value in its one spelling, or what did not fit, quoted.

function misfit(given: string): { misfit: string } {
  return { misfit: clip(given) }
}

function readInteger(text: string, min: number, max: number): Reading<number> {
  const value = Number(text)
  return /^\d+$/.test(text) && value >= min && value <= max ? { value } : misfit(text)
}

function readToggle(text: string): Reading<boolean> {
  const word = text.toLowerCase()
  if (['on', 'true', 'yes', '1'].includes(word)) return { value: true }
  return ['off', 'false', 'no', '0'].includes(word) ? { value: false } : misfit(text)
}

// It has to survive as the value of a header, where anything else is trimmed, mangled or refused.
function readSecret(text: string): Reading<string> {
  return /^[!-~]([ -~]*[!-~])?$/.test(text) ? { value: text } : { misfit: 'something else, not shown' }
}

function readList(text: string, readItem: (item: string) => Reading<string>): Reading<readonly string[]> {
  const values = new Set<string>()
  for (const item of text.split(/[\s,]+/).filter(Boolean)) {
    const reading = readItem(item)
    if ('misfit' in reading) return reading
    values.add(reading.value)
  }
  return values.size > 0 ? { value: Object.freeze([...values]) } : misfit(text)
}

function readHost(text: string): Reading<string> {
  const bare = text.replace(/^\[(.+)\]$/, '$1').toLowerCase()
  return isIP(bare) > 0 ? { value: bare } : readHostName(text)
}

// A name whose last label is a number would be looked up as an IPv4 address in short form: 8080 is 0.0.31.144.
function readHostName(text: string): Reading<string> {
  // Letters of any language, but nothing else: domainToASCII would cut a path or a port off and decode a %.
  const name = /^[\p{L}\p{M}\p{N}._-]+$/u.test(text) ? domainToASCII(text) : ''
  const isName =
    name.length <= 253 && name.split('.').every((label) => /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label))
  return isName && !/(^|\.)\d+$/.test(name) ? { value: name } : misfit(text)
}

// Compared with what a browser sends: lower case, no default port, no path. Schemes of apps (capacitor://) have no `origin`.
function readOrigin(text: string): Reading<string> {
  const url = URL.parse(text)
  if (url === null || url.host === '' || url.host.includes('*')) return misfit(text)
  const origin = url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin
  return url.href === origin || url.href === `${origin}/` ? { value: origin } : misfit(text)
}

function readTrustProxy(text: string): Reading<false | number | readonly string[]> {
  if (!/^\d+$/.test(text)) return readList(text, readAddressBlock)
  const hops = readInteger(text, 0, 100)
  return 'value' in hops && hops.value === 0 ? { value: false } : hops
}

function readAddressBlock(text: string): Reading<string> {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  const bits = prefix === undefined ? { value: 1 } : readInteger(prefix, 1, family === 4 ? 32 : 128)
  return family > 0 && rest.length === 0 && 'value' in bits ? { value: text } : misfit(text)
}

// What else the complaints and the usage text need.

function showFallback(fallback: unknown): string {
  if (typeof fallback === 'boolean') return fallback ? 'on' : 'off'
  return fallback === undefined || (Array.isArray(fallback) && fallback.length === 0) ? 'none' : String(fallback)
}

/** The name among `candidates` that the fewest slips turn `word` into, unless too many are needed to have been meant. */
function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let fewest = Math.max(2, Math.floor(word.length / 4)) + 1
  for (const candidate of candidates) {
    const slips = countSlips(word.toLowerCase(), candidate.toLowerCase())
    if (slips < fewest) [best, fewest] = [candidate, slips]
  }
  return best
}

/** Levenshtein's distance: how many letters to add, drop or replace. */
function countSlips(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let y = 0; y < from.length; y++) {
    const next = [y + 1]
    for (let x = 0; x < to.length; x++) {
      const replaced = row[x]! + (from[y] === to[x] ? 0 : 1)
      next.push(Math.min(replaced, row[x + 1]! + 1, next[x]! + 1))
    }
    row = next
  }
  return row[to.length]!
}

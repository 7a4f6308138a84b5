import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { serveCommand } from '../../server/cli/serve-command.ts'
import {
  askedFor,
  type Config,
  ConfigError,
  changedOptions,
  configErrorTable,
  describeOptions,
  explainListenFailure,
  readConfig,
  showConfig,
} from '../../server/config.ts'

/** The complaints about a command line and an environment; none when they are fine. */
function complaints(argv: string[], env: Record<string, string> = {}): readonly string[] {
  try {
    readConfig(argv, env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.complaints
    throw error
  }
}

const keys = { ENCKE_PUBLISH_KEY: 'p', ENCKE_SUBSCRIBE_KEY: 's' }

describe('the documents', () => {
  const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  const section = text.split(/^## /m).find((part) => part.startsWith('Configuration\n')) ?? ''
  const rowsWith = (start: string) => section.split('\n').filter((line) => line.startsWith(start))

  it('list every option and no other, row by row', () => {
    const rows = describeOptions().map(
      ({ flag, variable, fallback, fits, about }) =>
        `| \`${flag}\` | \`${variable}\` | ${fallback} | ${fits} | ${about} |`,
    )
    expect(rowsWith('| `--')).toEqual(rows)
  })

  it('list every code that keeps a server from starting, row by row', () => {
    const rows = Object.entries(configErrorTable).map(
      ([code, { exitCode, summary }]) => `| \`${code}\` | ${exitCode} | ${summary} |`,
    )
    expect(rowsWith('| `ENCKE_ERR_')).toEqual(rows)
  })

  it('fit into a table: no cell holds a bar or a line break', () => {
    for (const { fits, about } of describeOptions()) expect(fits + about).not.toMatch(/[|\n]/)
  })

  it('are printed by the usage text as well', () => {
    const text = serveCommand.help()
    const onOneLine = text.replaceAll(/\s+/g, ' ')
    for (const { flag, variable, fallback, fits } of describeOptions()) {
      expect(text).toContain(`  ${flag}, ${variable} (${fallback})\n`)
      expect(onOneLine).toContain(`Must be ${fits}.`)
    }
  })
})

describe('the defaults', () => {
  it('are those of the design', () => {
    expect(readConfig([], {})).toEqual({
      config: undefined,
      basePath: '/',
      tlsCert: undefined,
      tlsKey: undefined,
      accessLog: false,
      host: '127.0.0.1',
      port: 8080,
      open: false,
      adminToken: undefined,
      publishKey: undefined,
      subscribeKey: undefined,
      tokenSecret: undefined,
      tokenKeys: undefined,
      tokenJwks: undefined,
      tokenKeysMaxAgeMs: 300_000,
      tokenAudience: [],
      tokenIssuer: [],
      anonymousSubscribe: [],
      cacheable: [],
      publicHosts: [],
      origins: [],
      trustProxy: false,
      clientLimits: true,
      fastPath: true,
      drainMs: 20_000,
      drainPauseMs: 500,
      waitDefaultSeconds: 25,
      waitMaxSeconds: 120,
      limitDefault: 100,
      limitMax: 1000,
      topicsPerGet: 100,
      topicsPerPoll: 1000,
      batchBytes: 1_048_576,
      messageBytes: 65_536,
      appendBytes: 8_388_608,
      pollBodyBytes: 524_288,
      streamsPrefix: '/v1/stream',
      broker: 'memory:',
      durability: 'full',
      historyMessages: 1000,
      historyBytes: 1_048_576,
      historyAgeMs: 86_400_000,
      historyTotalBytes: undefined,
      streamsTotalBytes: undefined,
      idempotencyKeys: 10_000,
      brokerTimeoutMs: 5_000,
      maxPresence: 100_000,
      presenceLeaseSeconds: 15,
      maxTopics: 100_000,
      topicTtlMs: 86_400_000,
      unfollowMs: 30_000,
      redisPrefix: 'encke:',
      redisWaitReplicas: 0,
      redisCa: undefined,
      redisCert: undefined,
      redisKey: undefined,
      maxWaiting: 50_000,
      maxWaitingPerClient: 200,
      requestsPerSecond: 200,
      pipelineRequests: 32,
      unreadBytes: 1_048_576,
      eventHeartbeatMs: 15_000,
      stalledReplyMs: 60_000,
      sliceMs: 5,
      logLevel: 'info',
    })
  })

  it('fit: each of them is taken when it is spelled out, as a flag and as a variable', () => {
    for (const { key, flag, variable, fallback } of describeOptions()) {
      if (fallback === 'none') continue
      const text = key === 'trustProxy' ? '0' : fallback
      expect(readConfig([flag, text], {})).toEqual(readConfig([], {}))
      expect(readConfig([], { [variable]: text })).toEqual(readConfig([], {}))
    }
  })

  it('cannot be changed by one reader for the next', () => {
    const config = readConfig([], {})
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.origins)).toBe(true)
  })

  it('have the types that the rest of the server trusts', () => {
    expectTypeOf<Config['port']>().toEqualTypeOf<number>()
    expectTypeOf<Config['open']>().toEqualTypeOf<boolean>()
    expectTypeOf<Config['adminToken']>().toEqualTypeOf<string | undefined>()
    expectTypeOf<Config['origins']>().toEqualTypeOf<readonly string[]>()
    expectTypeOf<Config['trustProxy']>().toEqualTypeOf<false | number | readonly string[]>()
    expectTypeOf<Config['logLevel']>().toEqualTypeOf<
      'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
    >()
  })
})

describe('flags and variables', () => {
  it('are both read, and a flag may hold its value after a blank or after =', () => {
    expect(readConfig(['--port', '9000'], {}).port).toBe(9000)
    expect(readConfig(['--port=9000'], {}).port).toBe(9000)
    expect(readConfig([], { ENCKE_PORT: '9000' }).port).toBe(9000)
  })

  it('are named after the key of the option', () => {
    const row = describeOptions().find(({ key }) => key === 'maxWaitingPerClient')
    expect(row).toMatchObject({ flag: '--max-waiting-per-client', variable: 'ENCKE_MAX_WAITING_PER_CLIENT' })
  })

  it('have an order: a flag wins over a variable, a variable over the default', () => {
    const env = { ENCKE_PORT: '9000', ENCKE_DRAIN_MS: '7' }
    expect(readConfig(['--port', '9001'], env)).toMatchObject({ port: 9001, drainMs: 7, waitMaxSeconds: 120 })
  })

  it('do not complain about a variable that a flag overrides', () => {
    expect(complaints(['--port', '9001'], { ENCKE_PORT: 'abc' })).toEqual([])
  })

  it('keep = and blanks inside a value', () => {
    expect(readConfig(['--admin-token=a=b c'], {}).adminToken).toBe('a=b c')
  })

  it('take an empty or blank variable as unset', () => {
    const env = { ENCKE_PORT: '', ENCKE_ADMIN_TOKEN: '', ENCKE_ORIGINS: '  ', ENCKE_PUBLISH_KEY: ' ', ENCKE_OPEN: '' }
    expect(readConfig([], env)).toEqual(readConfig([], {}))
    expect(readConfig([], { ENCKE_PORT: undefined }).port).toBe(8080)
  })

  it('complain about an empty flag, because somebody meant something by it', () => {
    expect(complaints(['--host='])).toEqual(['--host needs a value: an IP address or a host name, without a port'])
    expect(complaints(['--open='])).toEqual(['--open needs a value: on or off'])
    expect(complaints(['--port'])).toEqual(['--port needs a value: a whole number from 0 to 65535'])
    expect(complaints(['--port', '--open'])).toEqual(['--port needs a value: a whole number from 0 to 65535'])
  })

  it('complain about a flag that is given twice', () => {
    expect(complaints(['--port', '1', '--port=2'])).toEqual(['--port is given twice; give it once'])
  })

  it('complain about words that are no flags', () => {
    expect(complaints(['8080'])).toEqual([
      '"8080" is not a flag; every option is written --name value (--help lists them)',
    ])
    expect(complaints(['--'])).toHaveLength(1)
    expect(complaints([''])).toHaveLength(1)
  })

  it('complain about an unknown flag, once, with the nearest known one', () => {
    expect(complaints(['--prot', '9000'])).toEqual(['unknown flag "--prot"; did you mean --port? (--help lists them)'])
    expect(complaints(['-port', '9000'])).toEqual(['unknown flag "-port"; did you mean --port? (--help lists them)'])
    expect(complaints(['--maxTopics=1'])).toEqual([
      'unknown flag "--maxTopics"; did you mean --max-topics? (--help lists them)',
    ])
    expect(complaints(['--no-client-limits'])[0]).toContain('did you mean --client-limits=off?')
  })

  it('suggest nothing when nothing is near', () => {
    expect(complaints(['--frobnicate'])).toEqual(['unknown flag "--frobnicate"; leave it out (--help lists them)'])
    expect(complaints(['--__proto__', '--constructor'])).toHaveLength(2)
  })

  it('do not let an unknown flag eat the next one', () => {
    expect(complaints(['--frobnicate', '--port', 'abc'])).toHaveLength(2)
  })

  it('complain about an unknown ENCKE_ variable, because a slip there would be silent', () => {
    expect(complaints([], { ENCKE_PROT: '9000' })).toEqual([
      'unknown variable "ENCKE_PROT"; did you mean ENCKE_PORT? If not, unset it (--help lists them)',
    ])
    expect(complaints([], { ENCKE_COLOUR_OF_SKY: 'x' })).toEqual([
      'unknown variable "ENCKE_COLOUR_OF_SKY"; unset it (--help lists them)',
    ])
  })

  it('leave other variables alone, and those that Kubernetes sets for a Service named encke', () => {
    const env = { PORT: 'x', encke_port: 'x', ENCKE_PROT: '', ENCKE_SERVICE_HOST: '10.0.0.1' }
    const ports = { ENCKE_SERVICE_PORT: '80', ENCKE_SERVICE_PORT_HTTP: '80', ENCKE_PORT_80_TCP_ADDR: '10.0.0.1' }
    expect(complaints([], { ...env, ...ports })).toEqual([])
    expect(complaints([], { ENCKE_PORT: 'tcp://10.0.0.1:80' })).toHaveLength(1)
  })
})

describe('complaints', () => {
  it('are made all together', () => {
    const argv = ['--prot', '1', '--drain-ms', '-5', '--wait-default-seconds', '200', 'stray']
    const env = { ENCKE_PORT: 'abc', ENCKE_HOST: '0.0.0.0', ENCKE_ORIGIN: 'http://a.example', ENCKE_OPEN: 'maybe' }
    const all = complaints(argv, env)
    for (const part of ['--prot', 'stray', '--drain-ms', 'ENCKE_PORT', 'ENCKE_ORIGIN', 'ENCKE_OPEN', '(200)']) {
      expect(all.filter((complaint) => complaint.includes(part))).toHaveLength(1)
    }
    expect(all).toHaveLength(7)
  })

  it('are an error with a code, an exit code and one line each', () => {
    const read = () => readConfig(['--port', 'a\nb', '--bad\nflag'], {})
    expect(read).toThrow(ConfigError)
    expect(read).toThrow(expect.objectContaining({ code: 'ENCKE_ERR_CONFIG', exitCode: 2 }))
    expect(complaints(['--port', 'a\nb', '--bad\nflag']).join('\n').split('\n')).toHaveLength(2)
  })

  it('name the flag or the variable that was used', () => {
    expect(complaints([], { ENCKE_PORT: 'abc' })).toEqual([
      'ENCKE_PORT must be a whole number from 0 to 65535 (got "abc")',
    ])
    expect(complaints(['--port', 'abc'])).toEqual(['--port must be a whole number from 0 to 65535 (got "abc")'])
  })

  it('never repeat a secret', () => {
    for (const flag of ['--admin-token', '--publish-key', '--subscribe-key']) {
      const [complaint, ...rest] = complaints([`${flag}=hunter2\u0000`])
      expect(rest).toEqual([])
      expect(complaint).toContain(`${flag} must be printable ASCII`)
      expect(complaint).not.toContain('hunter2')
    }
    expect(complaints(['--admin-tokn=hunter2'])[0]).not.toContain('hunter2')
    expect(complaints([], { ENCKE_ADMIN_TOKN: 'hunter2' })[0]).not.toContain('hunter2')
  })
})

describe('numbers', () => {
  it.each(['abc', '70000', '65536', '-1', '80.5', '1e3', '0x50', '+80', '8 0', '8080/tcp', '٨٠', 'NaN', 'Infinity'])(
    'refuse %s as a port',
    (text) => {
      const expected = [`--port must be a whole number from 0 to 65535 (got ${JSON.stringify(text)})`]
      expect(complaints(['--port', text])).toEqual(expected)
      expect(complaints([`--port=${text}`])).toEqual(expected)
    },
  )

  it('take both ends of their range, and blanks around', () => {
    expect(readConfig(['--port', '0'], {}).port).toBe(0)
    expect(readConfig(['--port', '65535'], {}).port).toBe(65_535)
    expect(readConfig([], { ENCKE_PORT: ' 8081 ' }).port).toBe(8081)
  })

  it('refuse times that a timer of Node cannot wait', () => {
    const milliseconds = describeOptions().filter(({ key }) => key.endsWith('Ms') && key !== 'sliceMs')
    expect(milliseconds.map(({ key }) => key)).toContain('drainMs')
    for (const { flag } of milliseconds) {
      expect(complaints([flag, '2147483647'])).toEqual([])
      expect(complaints([flag, '2147483648'])).toHaveLength(1)
    }
    expect(complaints(['--wait-max-seconds', '2147483'])).toEqual([])
    expect(complaints(['--wait-max-seconds', '2147484'])).toHaveLength(1)
  })

  it('refuse 0 where it would mean that nothing works', () => {
    const flags = ['--message-bytes', '--max-topics', '--max-waiting', '--max-waiting-per-client', '--limit-max']
    for (const flag of [...flags, '--requests-per-second', '--history-messages', '--slice-ms']) {
      expect(complaints([flag, '0']).join()).toContain(`${flag} must be a whole number`)
    }
  })

  it('take 0 where it means something', () => {
    const argv = ['--port=0', '--drain-ms=0', '--drain-pause-ms=0', '--wait-default-seconds=0', '--unfollow-ms=0']
    expect(readConfig(argv, {})).toMatchObject({ port: 0, drainMs: 0, drainPauseMs: 0, waitDefaultSeconds: 0 })
  })
})

describe('numbers that depend on each other', () => {
  it.each([
    ['--wait-default-seconds', '121', '--wait-max-seconds'],
    ['--limit-default', '1001', '--limit-max'],
    ['--message-bytes', '1048577', '--history-bytes'],
    ['--history-bytes', '268435457', '--history-total-bytes'],
  ])('refuse %s %s, above %s', (low, value, high) => {
    const [complaint, ...rest] = complaints([low, value])
    expect(rest).toEqual([])
    expect(complaint).toContain(`${low} (${value}) must not be above ${high} (`)
    expect(complaint).toContain(', the default)')
    expect(complaints([low, String(Number(value) - 1)])).toEqual([])
    expect(complaints([low, value, high, value])).toEqual([])
  })

  it('name where each value comes from', () => {
    expect(complaints(['--wait-default-seconds', '25'], { ENCKE_WAIT_MAX_SECONDS: '10' })).toEqual([
      '--wait-default-seconds (25) must not be above ENCKE_WAIT_MAX_SECONDS (10): a poll that does not say how long it waits would wait longer than any may; lower the first or raise the second',
    ])
  })

  it('say nothing about a value that does not fit anyway', () => {
    expect(complaints(['--wait-default-seconds', '200', '--wait-max-seconds', 'x'])).toHaveLength(1)
  })
})

describe('switches', () => {
  it.each(['on', 'true', 'yes', '1', 'ON'])('are on for %s', (text) => {
    expect(readConfig([], { ENCKE_OPEN: text }).open).toBe(true)
  })

  it.each(['off', 'false', 'no', '0', 'Off'])('are off for %s', (text) => {
    expect(readConfig([], { ENCKE_CLIENT_LIMITS: text }).clientLimits).toBe(false)
  })

  it('are on when the flag stands alone, and take on or off after a blank or =', () => {
    expect(readConfig(['--open'], {}).open).toBe(true)
    expect(readConfig(['--open', '--port', '1'], {})).toMatchObject({ open: true, port: 1 })
    expect(readConfig(['--client-limits', 'off', '--open'], {})).toMatchObject({ clientLimits: false, open: true })
    expect(readConfig(['--open=off'], { ENCKE_OPEN: 'on' }).open).toBe(false)
  })

  it('refuse anything else', () => {
    expect(complaints([], { ENCKE_CLIENT_LIMITS: 'offf' })).toEqual([
      'ENCKE_CLIENT_LIMITS must be on or off (got "offf")',
    ])
    expect(complaints(['--open', 'offf'])).toEqual([
      '"offf" is not a flag; every option is written --name value (--help lists them)',
    ])
  })
})

describe('listening beyond loopback', () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', '[::1]', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', 'localhost', 'LOCALHOST'])(
    'is not what %s does: it needs no key',
    (host) => {
      expect(complaints(['--host', host])).toEqual([])
    },
  )

  it.each(['0.0.0.0', '::', '192.168.1.7', '::ffff:10.0.0.1', 'chat.example.com', 'localhost.example.com', 'fe80::1'])(
    'is refused without keys on %s',
    (host) => {
      expect(complaints(['--host', host])).toHaveLength(1)
      expect(complaints(['--host', host], keys)).toEqual([])
      expect(complaints(['--host', host, '--open'])).toEqual([])
    },
  )

  it('is refused with a message that says how to do it', () => {
    expect(complaints([], { ENCKE_HOST: '0.0.0.0' })).toEqual([
      'ENCKE_HOST is "0.0.0.0", which other machines can reach: set --publish-key (or ENCKE_PUBLISH_KEY) and --subscribe-key (or ENCKE_SUBSCRIBE_KEY), or let everybody publish and read without a key with --open (or ENCKE_OPEN=on)',
    ])
  })

  it('needs both keys, and the message names the one that is missing', () => {
    const [onlyPublish] = complaints(['--host', '::', '--publish-key', 'p'])
    expect(onlyPublish).toContain('set --subscribe-key')
    expect(onlyPublish).not.toContain('--publish-key')
    const [onlySubscribe] = complaints(['--host', '::', '--subscribe-key', 's'])
    expect(onlySubscribe).toContain('set --publish-key')
    expect(onlySubscribe).not.toContain('--subscribe-key')
  })

  it('needs no keys where tokens are wanted, and no subscribe key where everybody may read everything', () => {
    const beyond = (...flags: string[]) => complaints(['--host', '::', ...flags])
    expect(beyond('--token-secret', 's')).toEqual([])
    expect(beyond('--token-keys', 'keys.pem')).toEqual([])
    expect(beyond('--token-jwks', 'https://issuer.example/keys')).toEqual([])
    expect(beyond('--publish-key', 'p', '--anonymous-subscribe', 'a/*,**')).toEqual([])
    expect(beyond('--publish-key', 'p', '--anonymous-subscribe', 'a/**')).toHaveLength(1)
    expect(beyond('--subscribe-key', 's', '--anonymous-subscribe', '**')).toHaveLength(1)
  })

  it('needs keys that are not blank', () => {
    expect(complaints(['--host', '::'], { ...keys, ENCKE_SUBSCRIBE_KEY: ' ' })).toHaveLength(1)
  })

  it('does not ask for a key that is there but does not fit: that has its own complaint', () => {
    const [complaint, ...rest] = complaints(['--host', '::'], { ...keys, ENCKE_SUBSCRIBE_KEY: 'ä' })
    expect(rest).toEqual([])
    expect(complaint).toContain('ENCKE_SUBSCRIBE_KEY must be')
  })

  it('keeps the keys that are set when it is open', () => {
    const config = readConfig(['--host', '::', '--open', '--publish-key', 'p'], {})
    expect(config).toMatchObject({ open: true, publishKey: 'p', subscribeKey: undefined })
  })

  it.each(['127.0.0.1:8080', 'http://localhost', '8080', '127.1', '256.0.0.1', 'a b', '*', '-', 'a..b', 'a/b', '[x]'])(
    'does not arise for %s, which is no address',
    (host) => {
      const [complaint, ...rest] = complaints([`--host=${host}`], keys)
      expect(rest).toEqual([])
      expect(complaint).toBe(
        `--host must be an IP address or a host name, without a port (got ${JSON.stringify(host)})`,
      )
    },
  )
})

describe('secrets', () => {
  it('are any non-empty printable text', () => {
    expect(readConfig([], { ENCKE_ADMIN_TOKEN: 'x' }).adminToken).toBe('x')
    expect(readConfig(['--admin-token', '-a~!{"}'], {}).adminToken).toBe('-a~!{"}')
  })

  it.each(['pässword', 'two\nlines', 'trailing\n', ' leading', 'bell\u0007'])(
    'refuse %j, which no header carries',
    (key) => {
      expect(complaints([], { ENCKE_PUBLISH_KEY: key })).toEqual([
        'ENCKE_PUBLISH_KEY must be printable ASCII characters, neither beginning nor ending with a blank (got something else, not shown)',
      ])
    },
  )
})

describe('lists', () => {
  it('are separated by commas or blanks, and hold nothing twice', () => {
    const env = { ENCKE_PUBLIC_HOSTS: ' chat.example.com, B.example.com  chat.example.com,' }
    expect(readConfig([], env).publicHosts).toEqual(['chat.example.com', 'b.example.com'])
  })

  it('complain about the entry that does not fit', () => {
    const got = (env: Record<string, string>) => complaints([], env).map((complaint) => complaint.split('(got ')[1])
    expect(got({ ENCKE_PUBLIC_HOSTS: 'a.example,b.example:443' })).toEqual(['"b.example:443")'])
    expect(got({ ENCKE_ORIGINS: 'https://a.example,b.example' })).toEqual(['"b.example")'])
    expect(got({ ENCKE_PUBLIC_HOSTS: ',' })).toEqual(['",")'])
  })

  it.each(['http://a.example', '*.example', 'a.example:80', 'a/b', ''])('of host names refuse %j', (host) => {
    expect(complaints([`--public-hosts=${host}`])).toHaveLength(1)
  })

  it('of origins are spelled as browsers send them', () => {
    const text = 'HTTPS://Chat.Example:443/ http://localhost:3000 capacitor://localhost'
    expect(readConfig(['--origins', text], {}).origins).toEqual([
      'https://chat.example',
      'http://localhost:3000',
      'capacitor://localhost',
    ])
  })

  it.each(['*', 'null', 'a.example', 'localhost:3000', 'https://a.example/path', 'https://a.example?q', 'file:///a'])(
    'of origins refuse %s',
    (origin) => {
      expect(complaints(['--origins', origin])).toHaveLength(1)
    },
  )

  it.each(['https://*.example', 'https://user:pass@a.example', 'https://a.example#x', 'javascript:alert(1)'])(
    'of origins refuse %s, which no browser sends',
    (origin) => {
      expect(complaints(['--origins', origin])).toHaveLength(1)
    },
  )
})

describe('trustProxy', () => {
  const read = (text: string) => readConfig([], { ENCKE_TRUST_PROXY: text }).trustProxy

  it('is a number of hops, and 0 trusts none', () => {
    expect(read('0')).toBe(false)
    expect(read('1')).toBe(1)
    expect(read('100')).toBe(100)
  })

  it('is a list of addresses and blocks', () => {
    expect(read('10.0.0.0/8, 192.168.1.7 fe80::/10,::1')).toEqual(['10.0.0.0/8', '192.168.1.7', 'fe80::/10', '::1'])
  })

  it.each([
    '101',
    '-1',
    '1.5',
    'true',
    'all',
    '10.0.0.0/33',
    '10.0.0.0/0',
    '10.0.0.0/',
    '::1/129',
    '10.0.0.1/8/8',
    '10.0.0',
  ])('refuses %s', (text) => {
    expect(complaints([], { ENCKE_TRUST_PROXY: text })).toHaveLength(1)
  })
})

describe('choices', () => {
  it('take one of their words', () => {
    expect(readConfig(['--log-level', 'Debug'], {}).logLevel).toBe('debug')
    expect(complaints(['--log-level', 'loud'])).toEqual([
      '--log-level must be one of fatal, error, warn, info, debug, trace, silent (got "loud")',
    ])
  })
})

describe('askedFor', () => {
  it('sees --help and --version, long and short, beside anything else', () => {
    expect(askedFor([])).toBeUndefined()
    expect(askedFor(['--port', 'abc', '--help'])).toBe('help')
    expect(askedFor(['-h'])).toBe('help')
    expect(askedFor(['--version'])).toBe('version')
    expect(askedFor(['-v', '--help'])).toBe('version')
  })

  it('does not take the value of another flag for a question', () => {
    expect(askedFor(['--admin-token', '-h'])).toBeUndefined()
    expect(askedFor(['--admin-token=--help'])).toBeUndefined()
  })

  it('asks for nothing that readConfig would complain about', () => {
    expect(complaints(['--help', '--version', '-h', '-v'])).toEqual([])
  })
})

describe('explainListenFailure', () => {
  it('turns a port in use into one line with both ways to choose another', async () => {
    const first = createServer()
    await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve))
    const { port } = first.address() as { port: number }
    const error = await new Promise((resolve) => createServer().once('error', resolve).listen(port, '127.0.0.1'))
    await new Promise((resolve) => first.close(resolve))
    const explained = explainListenFailure(error, { host: '127.0.0.1', port })
    expect(explained).toMatchObject({ code: 'ENCKE_ERR_LISTEN', exitCode: 2 })
    expect(explained?.complaints).toEqual([
      `port ${port} on 127.0.0.1 is in use; stop what uses it, or choose another with --port or ENCKE_PORT, 0 for any free one`,
    ])
  })

  it.each([
    ['EACCES', 'port 80 on 192.0.2.1 needs rights'],
    ['EADDRNOTAVAIL', '192.0.2.1 is not an address of this machine'],
    ['ENOTFOUND', 'the name 192.0.2.1 has no address'],
  ])('explains %s', (code, start) => {
    const error = Object.assign(new Error('x'), { code })
    expect(explainListenFailure(error, { host: '192.0.2.1', port: 80 })?.message).toContain(start)
  })

  it('leaves alone what the operator cannot mend', () => {
    expect(explainListenFailure(new Error('x'), { host: '::1', port: 1 })).toBeUndefined()
    expect(explainListenFailure('EADDRINUSE', { host: '::1', port: 1 })).toBeUndefined()
  })
})

describe('what is shown of a configuration', () => {
  it.each([
    ['redis://user:secret@cache:6379/1', 'redis://user:…@cache:6379/1'],
    ['redis://:secret@cache', 'redis://:…@cache'],
    ['rediss://user:sec:secret@cache', 'rediss://user:…@cache'],
    ['redis://user:secret/secret?secret@cache', 'redis://user:…@cache'],
    ['redis://user:secret@secret@cache', 'redis://user:…@cache'],
    [
      'redis-sentinel://user:secret@a,b/m?sentinelUser=u&sentinelPassword=secret&tls=1',
      'redis-sentinel://user:…@a,b/m?sentinelUser=u&sentinelPassword=…&tls=1',
    ],
    ['redis-cluster://a:1,b:2', 'redis-cluster://a:1,b:2'],
    ['sqlite:data/other.db', 'sqlite:data/other.db'],
  ])('of the broker %s is %s, in the log and by --print-config', (broker, shown) => {
    const config = readConfig(['--broker', broker], {})
    expect(changedOptions(config)).toEqual({ broker: shown })
    expect(showConfig(config)).toMatchObject({ broker: shown })
  })

  it('repeats no password in a complaint about the whole', () => {
    const given = ['--broker', 'redis://user:secret@cache', '--history-bytes', String(2 ** 40)]
    expect(complaints(given).join()).toMatch(/^--history-bytes(?!.*secret)/)
  })
})

// The configuration of a server: the options of each part, in one table, and the rules that they keep together. It is
// checked once, here, and trusted everywhere else.
//
// `docs/operations.md` lists exactly these options (test/server/config.test.ts compares them in both directions).

import { accessOptions, patternOutside } from './access/options.ts'
import { brokerOptions, totalsOf } from './brokers/options.ts'
import { type ConfigFile, readConfigFile } from './config/config-file.ts'
import type { Environment } from './config/given.ts'
import type { ValuesOf } from './config/option.ts'
import { flagOf, variableOf } from './config/option-names.ts'
import { type Comparison, type OptionDescription, OptionTable, type Rule } from './config/option-table.ts'
import { isLoopback } from './config/readers.ts'
import { clip } from './errors.ts'
import { httpOptions } from './http/options.ts'
import { processOptions } from './process/options.ts'
import { enckeOptions } from './protocols/encke/options.ts'
import { streamsOptions } from './protocols/streams/options.ts'

export { ConfigError, configErrorTable, explainListenFailure } from './config/config-error.ts'

const options = {
  ...processOptions,
  ...accessOptions,
  ...httpOptions,
  ...enckeOptions,
  ...streamsOptions,
  ...brokerOptions,
}

type ServerOptions = typeof options

/** What a server is made with. `trustProxy` is false, a number of hops, or addresses and CIDR blocks. */
export type Config = ValuesOf<ServerOptions>

const rules: readonly Rule<ServerOptions>[] = [
  notAbove(
    'waitDefaultSeconds',
    'waitMaxSeconds',
    'a poll that does not say how long it waits would wait longer than any may',
  ),
  notAbove('limitDefault', 'limitMax', 'a poll without a limit would get more than any may'),
  notAbove('messageBytes', 'historyBytes', 'a message that may be published must fit into the history of its topic'),
  historyWithinTotal,
  keysBeyondLoopback,
  cachedByAll,
  wholeTls,
  tokensForClaims,
]

const table = new OptionTable(options, rules)

/** Read the configuration. @throws ConfigError ENCKE_ERR_CONFIG with every complaint there is */
export const readConfig = (argv: readonly string[], env: Environment, file?: ConfigFile): Config =>
  table.read(argv, env, file)

/** Where the command keeps topics unless it is told: whoever starts it wants to find everything again. */
const brokerOfCommand = 'sqlite:data/encke.db'

/**
 * The same for the command, with the file that `--config` names or that is in the working directory, and durable unless told
 * otherwise. @throws ConfigError as `readConfig`
 */
export function loadConfig(argv: readonly string[], env: Environment): Config {
  const file = readConfigFile(table.textOf('config', argv, env))
  return table.read(argv, env, { name: file?.name ?? 'default', values: { broker: brokerOfCommand, ...file?.values } })
}

/** A configuration as its file has it, without secrets. */
export const showConfig = (config: Config): Record<string, unknown> => table.show(config)

/** What in it is not as usual, without secrets. */
export function changedOptions(config: Config): Record<string, unknown> {
  const { broker = brokerOfCommand, ...others } = table.changed(config)
  return broker === brokerOfCommand ? others : { broker, ...others }
}

/** Complete what a program gives by the defaults. @throws ConfigError ENCKE_ERR_CONFIG with every complaint there is */
export const completeConfig = (values: Partial<Config>): Config => table.complete(values)

/** Say whether the command line asks for the usage text or the version instead of a server. */
export const askedFor = (argv: readonly string[]) => table.askedFor(argv)

/** The options as people read them, in the order of the table. */
export const describeOptions = (): OptionDescription<keyof Config>[] => table.describe()

type NumericKey = { [K in keyof Config]: Config[K] extends number ? K : never }[keyof Config]

function notAbove(low: NumericKey, high: NumericKey, reason: string): Rule<ServerOptions> {
  return ({ values, areSound, nameOf, show }) => {
    if (!areSound(low, high) || values[low] <= values[high]) return undefined
    const both = `${nameOf(low)} (${show(low)}) must not be above ${nameOf(high)} (${show(high)})`
    return `${both}: ${reason}; lower the first or raise the second`
  }
}

function historyWithinTotal({ values, areSound, nameOf, show }: Comparison<ServerOptions>): string | undefined {
  const { historyTotalBytes } = totalsOf(values)
  if (!areSound('historyBytes', 'historyTotalBytes', 'broker') || values.historyBytes <= historyTotalBytes)
    return undefined
  const total = values.historyTotalBytes === undefined ? `${historyTotalBytes}, the default` : show('historyTotalBytes')
  const both = `${nameOf('historyBytes')} (${show('historyBytes')}) must not be above ${nameOf('historyTotalBytes')} (${total})`
  return `${both}: the history of one topic must fit into that of all; lower the first or raise the second`
}

function keysBeyondLoopback({ values, areSound, nameOf }: Comparison<ServerOptions>): string | undefined {
  if (!areSound('host', 'open', 'anonymousSubscribe') || values.open || isLoopback(values.host)) return undefined
  // A token is wanted from everybody then.
  if ((['tokenSecret', 'tokenKeys', 'tokenJwks'] as const).some((key) => values[key] || !areSound(key)))
    return undefined
  const isReadByAll = values.anonymousSubscribe.includes('**')
  const keys = isReadByAll ? (['publishKey'] as const) : (['publishKey', 'subscribeKey'] as const)
  const wanted = keys.filter((key) => !values[key] && areSound(key))
  if (wanted.length === 0) return undefined
  const named = wanted.map((key) => `${flagOf(key)} (or ${variableOf(key)})`).join(' and ')
  const reach = `${nameOf('host')} is ${clip(values.host)}, which other machines can reach`
  return `${reach}: set ${named}, or let everybody publish and read without a key with --open (or ENCKE_OPEN=on)`
}

function cachedByAll({ values, areSound, nameOf }: Comparison<ServerOptions>): string | undefined {
  if (!areSound('cacheable', 'anonymousSubscribe')) return undefined
  const outside = patternOutside(values.cacheable, values.anonymousSubscribe)
  if (outside === undefined) return undefined
  const named = `${flagOf('anonymousSubscribe')} (or ${variableOf('anonymousSubscribe')})`
  return `${nameOf('cacheable')} has ${clip(outside)}, which not everybody may read: a cache would show it to all; add it to ${named}`
}

function wholeTls({ values, areSound, nameOf }: Comparison<ServerOptions>): string | undefined {
  if (!areSound('tlsCert', 'tlsKey') || (values.tlsCert === undefined) === (values.tlsKey === undefined))
    return undefined
  const [given, wanted] =
    values.tlsCert === undefined ? (['tlsKey', 'tlsCert'] as const) : (['tlsCert', 'tlsKey'] as const)
  return `${nameOf(given)} needs ${flagOf(wanted)} (or ${variableOf(wanted)}) beside it`
}

function tokensForClaims({ values, areSound, nameOf }: Comparison<ServerOptions>): string | undefined {
  if (!areSound('tokenSecret', 'tokenKeys', 'tokenJwks') || values.tokenSecret || values.tokenKeys || values.tokenJwks)
    return undefined
  const given = (['tokenAudience', 'tokenIssuer'] as const).filter((key) => values[key].length > 0)
  if (given.length === 0) return undefined
  return `${given.map(nameOf).join(' and ')} says what tokens must be like, and none are wanted: set --token-secret, --token-keys or --token-jwks too`
}

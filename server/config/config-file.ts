// The configuration file: options as JSON, by the names that a program gives them: {"port": 8080, "publicHosts": ["a.example"]}.

import { readFileSync } from 'node:fs'
import { ConfigError } from './config-error.ts'

export interface ConfigFile {
  /** For complaints. */
  readonly name: string
  readonly values: Readonly<Record<string, unknown>>
}

/** The file that is read when none is named, if it is there. */
const usualConfigFile = 'encke.config.json'

/**
 * Read the file that is `named`, or the usual one of the working directory, where there is one.
 *
 * @throws ConfigError ENCKE_ERR_CONFIG when it cannot be read or is no JSON object
 */
export function readConfigFile(named?: string): ConfigFile | undefined {
  const name = named ?? usualConfigFile
  let text: string
  try {
    text = readFileSync(name, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (named === undefined && code === 'ENOENT') return undefined
    const why = code === 'ENOENT' ? 'it is not there' : code === 'EISDIR' ? 'it is a folder' : `${code}`
    throw complaint(`the configuration file ${name} cannot be read (${why})`)
  }
  return { name, values: parse(name, text) }
}

function parse(name: string, text: string): Readonly<Record<string, unknown>> {
  let values: unknown
  try {
    values = JSON.parse(text)
  } catch (error) {
    throw complaint(`the configuration file ${name} is not JSON: ${(error as Error).message}`)
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw complaint(`the configuration file ${name} must be a JSON object such as {"port": 8080}`)
  }
  const odd = Object.entries(values).find(([, value]) => !isValue(value))
  if (odd !== undefined) {
    throw complaint(`${name}: ${odd[0]} must be a text, a number, true, false, null or a list of texts`)
  }
  // Null stands for the default.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
}

function isValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string')
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function complaint(text: string): ConfigError {
  return new ConfigError('ENCKE_ERR_CONFIG', [text])
}

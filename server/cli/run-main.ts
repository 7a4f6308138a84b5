// Finds the command that is meant, and turns what it throws into a line and an exit code.

import { ConfigError } from '../config/config-error.ts'
import type { Question } from '../config/flags.ts'
import { nearest } from '../config/nearest.ts'
import { clip } from '../errors.ts'
import { Failure } from './command.ts'
import type { CommandRow } from './commands.ts'
import { ownTerminal } from './terminal.ts'

export interface Program {
  readonly commands: readonly CommandRow[]
  readonly usage: () => string
  readonly version: string
}

/** Run the command that the words name. Sets the exit code. */
export async function runMain(argv: readonly string[], program: Program): Promise<void> {
  try {
    process.exitCode = await run(argv, program)
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof Failure)) throw error
    const complaints = error instanceof ConfigError ? error.complaints : [error.message]
    for (const complaint of complaints) process.stderr.write(`encke: ${complaint}\n`)
    process.exitCode = error.exitCode
  }
}

async function run([first, ...others]: readonly string[], { commands, usage, version }: Program): Promise<number> {
  const isNamed = first !== undefined && !first.startsWith('-')
  const row = isNamed ? commands.find(({ name }) => name === first) : commands[0]
  if (first === 'help') return print(usage())
  if (row === undefined) throw unknownCommand(first as string, commands)
  const command = await row.load()
  const words = isNamed || first === undefined ? others : [first, ...others]
  const asked = (command.asks ?? asks)(words)
  if (asked === 'version') return print(`${version}\n`)
  if (asked === 'help') return print(isNamed ? command.help() : usage())
  return command.run(words, ownTerminal)
}

function asks(words: readonly string[]): Question | undefined {
  const flags = words.slice(0, words.includes('--') ? words.indexOf('--') : words.length)
  if (flags.includes('--help') || flags.includes('-h')) return 'help'
  return flags.includes('--version') || flags.includes('-v') ? 'version' : undefined
}

function unknownCommand(word: string, commands: readonly CommandRow[]): ConfigError {
  const names = commands.map(({ name }) => name)
  const near = nearest(word, names)
  const advice = near === undefined ? `give one of ${names.join(', ')}` : `did you mean ${near}?`
  return new ConfigError('ENCKE_ERR_CONFIG', [`there is no command ${clip(word)}; ${advice} (--help lists them)`])
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

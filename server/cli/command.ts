// What a command is: its words, its options, and what it does.

import type { Question } from '../config/flags.ts'
import { custom, type Options, secret } from '../config/option.ts'
import type { OptionDescription } from '../config/option-table.ts'
import { ConfigError } from '../config.ts'
import { clip } from '../errors.ts'
import type { Terminal } from './terminal.ts'

export interface Command {
  /** The text for `--help`. */
  readonly help: () => string
  /** Do it, on the terminal that `open` gives. Gives the exit code. @throws ConfigError when the words are wrong, Failure */
  readonly run: (argv: readonly string[], open: () => Terminal) => Promise<number>
  /** What the words ask for instead. Left out where no option has a value that looks like a question. */
  readonly asks?: (argv: readonly string[]) => Question | undefined
}

/** It could not be done; the message is a line for whoever typed the command. */
export class Failure extends Error {
  readonly exitCode = 1

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Failure'
  }
}

/** The options of every command that talks to a server. */
export const connectionOptions = {
  url: custom(
    'http://127.0.0.1:8080',
    'the address of a server, such as https://push.example.com or http://127.0.0.1:8080/push',
    'The server, with its base path where it has one.',
    readAddress,
  ),
  token: secret(
    'Key or token that is sent as `Authorization: Bearer …`. Better given as a variable: others see flags.',
  ),
} satisfies Options

/** Complain about the words of a command line. */
export function misuse(complaint: string): ConfigError {
  return new ConfigError('ENCKE_ERR_CONFIG', [complaint])
}

/** The text for `--help`: how it is called, what it does, its options, and examples. */
export function helpText(
  usage: string,
  about: string,
  options: readonly OptionDescription<string>[],
  examples: readonly string[],
): string {
  const withVariable = new Set(['--url', '--token', '--token-secret'])
  const rows = options.map(({ flag, variable, fallback, fits, about: text }) => {
    const names = withVariable.has(flag) ? `${flag}, ${variable}` : flag
    return `  ${names}${fallback === 'none' || fallback === 'off' ? '' : ` (${fallback})`}\n${wrapped(text)}${fits === 'on or off' ? '' : `\n${wrapped(`Must be ${fits}.`)}`}`
  })
  return [
    `Usage: ${usage}`,
    '',
    about,
    '',
    'Options, with the default in parentheses:',
    '',
    ...rows,
    '',
    'Examples:',
    '',
    ...examples.map((example) => `  ${example}`),
    '',
  ].join('\n')
}

/** A paragraph below an option, in lines that a terminal shows whole. */
export function wrapped(text: string): string {
  const lines = text.replaceAll('`', '').match(/.{1,100}(?: |$)/g) ?? []
  return lines.map((line) => `      ${line.trimEnd()}`).join('\n')
}

function readAddress(text: string): { value: string } | { misfit: string } {
  const url = URL.parse(text)
  const fits = url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === ''
  return fits ? { value: url.href.replace(/\/$/, '') } : { misfit: clip(text) }
}

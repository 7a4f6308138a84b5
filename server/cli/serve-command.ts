// encke serve, as a command: its options are those of the server, and its question is --print-config.

import { askedFor, describeOptions } from '../config.ts'
import { type Command, wrapped } from './command.ts'

export const serveCommand: Command = {
  help,
  asks: askedFor,
  run: async (argv) => {
    // The server is loaded when it is needed: help and a wrong option need none.
    const { printConfig, serve } = await import('./serve.ts')
    if (askedFor(argv) === 'configuration') printConfig(argv, process.env)
    else await serve(argv, process.env)
    return 0
  },
}

function help(): string {
  const rows = describeOptions().map(
    ({ flag, variable, fallback, fits, about }) =>
      `  ${flag}, ${variable} (${fallback})\n${wrapped(about)}\n${wrapped(`Must be ${fits}.`)}`,
  )
  return [
    'Usage: encke serve [options]',
    '',
    'Serve until a signal comes. Flags win over variables, variables over encke.config.json, and that over the default in',
    'parentheses. SIGTERM and Ctrl-C drain: those who wait are answered, and the process ends with 0.',
    '',
    ...rows,
    '',
    '  --print-config   print the configuration as JSON, without secrets, and exit',
    '  -h, --help       print this and exit',
    '  -v, --version    print the version and exit',
    '',
  ].join('\n')
}

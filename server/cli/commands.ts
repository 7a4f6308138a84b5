// The commands of `encke`, each loaded when it is asked for: publishing a line needs no server.

import type { Command } from './command.ts'

export interface CommandRow {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<Command>
}

export const commands: readonly CommandRow[] = [
  {
    name: 'serve',
    summary: 'serve: chat, dashboard, and the HTTP interface; without a command, too',
    load: async () => (await import('./serve-command.ts')).serveCommand,
  },
  {
    name: 'publish',
    summary: 'publish a message, or each line of standard input',
    load: async () => (await import('./publish.ts')).publish,
  },
  {
    name: 'subscribe',
    summary: 'print messages as they come, and go on by a cursor in a file',
    load: async () => (await import('./subscribe.ts')).subscribe,
  },
  {
    name: 'export',
    summary: 'write every topic with its messages as lines of JSON, while the server runs or not',
    load: async () => (await import('./export.ts')).exportCommand,
  },
  {
    name: 'import',
    summary: 'read such lines into a broker, of any kind',
    load: async () => (await import('./import.ts')).importCommand,
  },
  {
    name: 'backup',
    summary: 'copy the file of a sqlite broker, also while it is served',
    load: async () => (await import('./backup.ts')).backup,
  },
  {
    name: 'bench',
    summary: 'run chain or hackysack in this process, beside the published figures',
    load: async () => (await import('./bench.ts')).bench,
  },
  {
    name: 'token',
    summary: 'mint a token for a server with --token-secret',
    load: async () => (await import('./token.ts')).token,
  },
  {
    name: 'doctor',
    summary: 'find out what the path to a server does to polls and streams',
    load: async () => (await import('./doctor.ts')).doctor,
  },
]

export function usage(version: string): string {
  return [
    `Encke ${version}: push to browsers over plain HTTP.`,
    '',
    'Usage: encke <command> [options]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`),
    '',
    'encke <command> --help says more. ENCKE_URL is the address of the server for the commands that talk to one,',
    'ENCKE_TOKEN the key or token that they send. Exit codes: 0 done, 1 it could not be done, 2 the command line is wrong.',
    '',
    '  -h, --help       print this and exit',
    '  -v, --version    print the version and exit',
    '',
  ].join('\n')
}

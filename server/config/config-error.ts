// What keeps a server from starting. None of these reaches a client: the process prints the complaints and exits.

export const configErrorTable = {
  ENCKE_ERR_CONFIG: {
    exitCode: 2,
    summary:
      'An option is unknown, does not fit or contradicts another; every complaint is a line that says what to do.',
  },
  ENCKE_ERR_BROKER: {
    exitCode: 2,
    summary: 'The broker cannot be opened; the complaint names it, says what is in the way, and what to give instead.',
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

/**
 * Turn a failure of `listen` that the operator can mend into a complaint; undefined for any other error.
 *
 * The code of the result is ENCKE_ERR_LISTEN.
 */
export function explainListenFailure(
  error: unknown,
  config: { readonly host: string; readonly port: number },
): ConfigError | undefined {
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

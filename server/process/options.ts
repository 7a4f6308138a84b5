// Options: what belongs to the process: where it listens, how it shares its time, what it logs.

import { choice, custom, integer, toggle } from '../config/option.ts'
import { readHost } from '../config/readers.ts'

export const processOptions = {
  host: custom(
    '127.0.0.1',
    'an IP address or a host name, without a port',
    'Address to listen on. Any but loopback needs `--publish-key` and `--subscribe-key`, tokens, or `--open`.',
    readHost,
  ),
  port: integer(8080, 0, 65_535, '', 'Port to listen on; 0 takes a free one, and the banner says which.'),
  open: toggle(
    false,
    'Let an address other than loopback be served without keys. Keys and tokens that are set are wanted all the same.',
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

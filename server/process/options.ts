// Options: what belongs to the process: where it listens, how it shares its time, what it logs.

import { choice, custom, integer, toggle } from '../config/option.ts'
import { readBasePath, readHost } from '../config/readers.ts'

export const processOptions = {
  config: custom<string | undefined>(
    undefined,
    'the path of a file',
    'File with options as JSON, by their names in camel case; flags and variables win over it. Without one `encke.config.json` in the working directory, if it is there.',
    (text) => ({ value: text }),
  ),
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
  basePath: custom(
    '/',
    'a path such as /push, without a slash at its end',
    'What the paths of all routes and pages begin with, where a proxy passes one path of a site on.',
    readBasePath,
  ),
  tlsCert: custom<string | undefined>(
    undefined,
    'the path of a file',
    'Certificate chain in PEM: the server then speaks HTTPS itself, over HTTP/1.1. It is read again at SIGHUP. HTTP/2 is for a proxy.',
    (text) => ({ value: text }),
  ),
  tlsKey: custom<string | undefined>(
    undefined,
    'the path of a file',
    'The key of the certificate, in PEM, without a passphrase.',
    (text) => ({ value: text }),
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
  accessLog: toggle(
    false,
    'Log a line for each request that was answered: method, path, topics, status, time, client. It takes the fast path away.',
  ),
}

// Options: what all protocols share: what one connection may have under way, and how the server goes away.

import { bytes, integer, milliseconds } from '../config/option.ts'

const mib = 1024 * 1024

export const httpOptions = {
  drainMs: milliseconds(
    20_000,
    0,
    'After SIGTERM, the window over which waiting requests are answered; 0 answers them all at once.',
  ),
  drainPauseMs: milliseconds(
    500,
    0,
    'After SIGTERM, the time in which load balancers may notice that `/readyz` says 503, before waiting requests are answered; 0 does not pause.',
  ),
  pipelineRequests: integer(
    32,
    1,
    10_000,
    'requests',
    'How many requests of one connection are handled at once; the rest is not read until a reply has left.',
  ),
  unreadBytes: bytes(
    mib,
    2 ** 30,
    'How much of one connection may wait to be read while further replies are made; above it they are made once it is read.',
  ),
  stalledReplyMs: milliseconds(
    60_000,
    1,
    'How long a reply may make no progress because its client does not read; then its connection is ended.',
  ),
}

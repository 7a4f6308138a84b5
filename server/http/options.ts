// Options: what all protocols share: the fast path, what one connection may have under way, and how the server goes away.

import { bytes, integer, milliseconds, toggle } from '../config/option.ts'

const mib = 1024 * 1024

export const httpOptions = {
  fastPath: toggle(
    true,
    'Answer a poll or a publish that repeats the one before on its connection without parsing it again and without Fastify. Off costs about twice the processor time for each.',
  ),
  drainMs: milliseconds(
    20_000,
    0,
    'After SIGTERM, the longest window over which waiting requests are answered, 10 ms for each; 0 answers them all at once.',
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
  eventHeartbeatMs: milliseconds(
    15_000,
    50,
    'How long an event stream may be silent; then a comment is sent. Keep it below the shortest proxy time-out.',
  ),
  stalledReplyMs: milliseconds(
    60_000,
    1,
    'How long a reply may make no progress because its client does not read; then its connection is ended.',
  ),
}

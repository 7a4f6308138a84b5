// Options: what all protocols share: the fast path, and how the server goes away.

import { milliseconds, toggle } from '../config/option.ts'

export const httpOptions = {
  fastPath: toggle(
    true,
    'Answer a poll that repeats the one before on its connection without parsing it again and without Fastify. Off costs about twice the processor time per poll.',
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
}

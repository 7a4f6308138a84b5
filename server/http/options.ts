// Options: what all protocols share: how the server goes away.

import { milliseconds } from '../config/option.ts'

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
}

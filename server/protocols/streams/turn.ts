// The cursor of live replies: a number that goes into the client's next URL, so that a cache between never gives it the
// reply again that it has had. It says nothing of where a reader is.
//
// Always true: it is above the one that was sent. Readers who come within one interval get the same one, so that what
// collapses their requests can; there is no jitter for that reason.

const intervalMs = 20_000

/** The one that was given last, and what it depends on: a herd sends one cursor. */
let last: { readonly sent: string | undefined; readonly interval: number; readonly turn: string } | undefined

export function nextTurn(sent: string | undefined, now: number): string {
  const interval = Math.floor(now / intervalMs)
  if (last?.interval !== interval || last.sent !== sent) last = { sent, interval, turn: turnAfter(sent, interval) }
  return last.turn
}

function turnAfter(sent: string | undefined, interval: number): string {
  const before = sent !== undefined && /^\d{1,15}$/.test(sent) ? Number(sent) : -1
  return String(Math.max(interval, before + 1))
}

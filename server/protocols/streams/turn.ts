// The cursor of live replies: a number that goes into the client's next URL, so that a cache between never gives it the
// reply again that it has had. It says nothing of where a reader is.
//
// Always true: it is above the one that was sent. Readers who come within one interval get the same one, so that what
// collapses their requests can; there is no jitter for that reason.

const intervalMs = 20_000

export function nextTurn(sent: string | undefined, now: number): string {
  const last = sent !== undefined && /^\d{1,15}$/.test(sent) ? Number(sent) : -1
  return String(Math.max(Math.floor(now / intervalMs), last + 1))
}

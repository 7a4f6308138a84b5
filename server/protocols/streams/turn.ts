// The cursor of live replies: a number that goes into the client's next URL, so that a cache between never gives it the
// reply again that it has had. It says nothing of where a reader is.
//
// Always true: it is above the one that was sent. It is a time in milliseconds, that of the newest message for readers who
// have waited for it, and otherwise that at which an interval began: so readers who are told the same go on with the same
// cursor, whenever each of them came, and what collapses their requests can. There is no jitter for that reason.

const intervalMs = 20_000

/** The one that was given last, and what it depends on: a herd sends one cursor. */
let last: { readonly sent: string | undefined; readonly time: number; readonly turn: string } | undefined

/** The cursor after the one that was `sent`, for news from `newsAt`; 0 where there is none that was waited for. */
export function nextTurn(sent: string | undefined, newsAt: number, now = Date.now()): string {
  const time = newsAt > 0 ? newsAt : now - (now % intervalMs)
  if (last?.time !== time || last.sent !== sent) last = { sent, time, turn: turnAfter(sent, time) }
  return last.turn
}

function turnAfter(sent: string | undefined, time: number): string {
  if (sent === undefined || !/^\d{1,1000}$/.test(sent)) return String(time)
  // A number of 16 digits may be the same as the next.
  const next = sent.length < 16 ? Number(sent) + 1 : BigInt(sent) + 1n
  return String(next > time ? next : time)
}

// Conditional requests: what a client or a cache has already is not sent again (RFC 9110, 13.1.2).

/** Names what a reply holds: between these offsets, and whether the stream ends there. */
export function entityTag(from: string, to: string, isEnd: boolean): string {
  return `"${from}:${to}${isEnd ? ':end' : ''}"`
}

/** Whether `If-None-Match` has the tag. */
export function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.split(',').some((one) => ['*', tag, `W/${tag}`].includes(one.trim()))
}

// The digest of a game: two games whose digests are equal kicked the same. By itself, because threads load it, too.

/** The digest of a sequence of kicks with one more, to player `target`; a sequence starts from 0. (FNV-1a, by words.) */
export function kicked(kicks: number, target: number): number {
  return Math.imul(kicks ^ 0x811c9dc5 ^ target, 0x01000193) >>> 0
}

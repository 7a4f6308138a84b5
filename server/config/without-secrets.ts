// What may be shown of a value that is an address: neither its password nor what secrets its query has.
//
// More is hidden where it is not certain where a password ends: one with `@` or `/` in it is not written as it should be, and
// must not be read in a log for that.

/** The address of a broker may hold passwords, and the query of an address of keys a secret. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/(:\/\/[^:@]*:).*@/s, '$1…@')
    .replace(/([?&]\w*password=)[^&#]*/gi, '$1…')
    .replace(/^(https?:[^?]*\?).*/s, '$1…')
}

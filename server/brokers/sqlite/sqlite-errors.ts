// What SQLite calls its failures, as far as they are told apart here.

export const sqliteBusy = 5
export const sqliteReadOnly = 8
export const sqliteCorrupt = 11
export const sqliteFull = 13
export const sqliteNotADatabase = 26

/** The number of SQLite's error, without its extension; undefined for any other error. */
export function errorNumber(error: unknown): number | undefined {
  const given = error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined
  return given === undefined ? undefined : given & 0xff
}

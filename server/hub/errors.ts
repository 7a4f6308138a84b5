// Errors: what is wrong with a topic or a cursor.

import type { ErrorRows } from '../errors/row.ts'

export const hubErrors = {
  ENCKE_ERR_TOPIC_NAME: {
    statusCode: 400,
    summary:
      'A topic name is not 1–200 characters of `A–Z a–z 0–9 . _ ~ - /`, or has a segment that is empty, `.` or `..`; rename the topic, and write `/` in a path as `%2F`.',
  },
  ENCKE_ERR_CURSOR_MALFORMED: {
    statusCode: 400,
    summary: 'The cursor is not one that a server gave out; send it back unchanged, or leave it out to start from now.',
  },
  ENCKE_ERR_CURSOR_REPEATED: {
    statusCode: 400,
    summary: 'The cursor holds the same topic twice; send one cursor as it was given, do not join two.',
  },
} as const satisfies ErrorRows

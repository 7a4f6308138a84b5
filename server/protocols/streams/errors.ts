// Errors: what is wrong with a request of the Durable Streams protocol, and what its conditions forbid.

import type { ErrorRows } from '../../errors/row.ts'

export const streamsErrors = {
  ENCKE_ERR_STREAM_OFFSET: {
    statusCode: 400,
    summary:
      'The `offset` of a stream is missing, or not one that a server gave out, nor `-1`, nor `now`; send the `Stream-Next-Offset` of the last reply.',
  },
  ENCKE_ERR_STREAM_HEADER: {
    statusCode: 400,
    summary:
      'A header of the Durable Streams protocol has no value that it can have; the message says which and what it can be.',
  },
  ENCKE_ERR_STREAM_BODY: {
    statusCode: 400,
    summary: 'An append to a stream has no data: the body, or its JSON array, is empty, or it has no `Content-Type`.',
  },
  ENCKE_ERR_STREAM_FORK: {
    statusCode: 400,
    summary: 'A fork begins where its source has nothing; choose an offset that the source has.',
  },
  ENCKE_ERR_STREAM_FENCED: {
    statusCode: 403,
    summary:
      'Another producer of the same `Producer-Id` has begun a later epoch (`Producer-Epoch`); this one has to stop.',
  },
  ENCKE_ERR_STREAM_EXISTS: {
    statusCode: 409,
    summary:
      'A topic of that name is there already, made otherwise: with another content type, lifetime, end or source, or by a publish.',
  },
  ENCKE_ERR_STREAM_SEQUENCE: {
    statusCode: 409,
    summary: 'The `Stream-Seq` is not above the last one of the stream, in the order of its bytes.',
  },
  ENCKE_ERR_STREAM_GAP: {
    statusCode: 409,
    summary:
      'Appends of the producer are missing before this one: `Producer-Expected-Seq` says which was expected; send them again in order.',
  },
  ENCKE_ERR_STREAM_OFFSET_GONE: {
    statusCode: 410,
    summary:
      'What the `offset` of a stream named is gone: it was trimmed, was lost by the server, or was of a stream that was removed; begin again without it.',
  },
} as const satisfies ErrorRows

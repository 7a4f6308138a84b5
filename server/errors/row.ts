// A row of the error table: what a code means.
//
// A name is the thing that is wrong, then, where one word is not enough, how: ENCKE_ERR_<thing>[_<how>].
// CLIENT_… at a limit is about one client (429), SERVER_… about the whole server (503).

/** The reason phrases of the statuses used below, as RFC 9110 and Node spell them. */
export const reasons = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  507: 'Insufficient Storage',
} as const

export interface ErrorRow {
  readonly statusCode: keyof typeof reasons
  /** One sentence for the documents: when it happens and what to do. */
  readonly summary: string
  /** What Retry-After says unless the thrower knows better. */
  readonly retryAfterSeconds?: number
}

export type ErrorRows = Readonly<Record<`ENCKE_ERR_${string}`, ErrorRow>>

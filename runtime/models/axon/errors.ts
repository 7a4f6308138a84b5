// The errors of the axon model. One class; `code` says which.

export type AxonErrorCode =
  /** Sent to an outbox from which no link leads to an inbox. */
  | 'UNLINKED_OUTBOX'
  /** The inbox at the end of the links holds as many messages as it may. */
  | 'NO_SPACE_IN_BOX'
  /** Received from an inbox with nothing in it. */
  | 'EMPTY_INBOX'
  /** The component has no such box. */
  | 'NO_SUCH_BOX'
  /** A second link from one box, or one that leads in a circle. */
  | 'BAD_LINK'
  /** Published or subscribed to a backplane that has ended. */
  | 'NO_BACKPLANE'

export class AxonError extends Error {
  readonly code: AxonErrorCode

  constructor(code: AxonErrorCode, message: string) {
    super(message)
    this.name = 'AxonError'
    this.code = code
  }
}

// Presence: who is on a topic.
//
// A reader that names itself takes part in its topics for as long as a request of it waits, and for a lease after that: so
// the gap between two polls, and a stream that is cut off, are no leaving. What changes is told in the topic
// `__presence/{topic}`, which is read like any other.

import type { Operation } from '../../../runtime/index.ts'
import type { Admission } from '../../access/admission.ts'
import { EnckeError } from '../../errors.ts'

/** A reader that takes part. */
export interface Participant {
  /** Whose request it is: a client of the admission. */
  readonly client: string
  /** The reader's own random name (`client` in the URL): with it the reader is known again, whatever its name is. */
  readonly instance: string | undefined
  /** How it wants to be called; empty to leave. */
  readonly name: string
}

interface Member {
  /** As it asked to be called, with a suffix where another member is called so. */
  readonly name: string
  /** Since when it is here, and when it was seen last: now, while a request of it waits. In milliseconds since 1970. */
  readonly since: number
  readonly lastSeen: number
}

/** Who is on a topic. */
export interface Attendance {
  /** Longest here first. */
  readonly members: readonly Member[]
  /** How many requests of members wait. */
  readonly waiting: number
}

/**
 * `leave`: the reader has said so. `expired`: it has not come back within the lease.
 */
export interface PresenceChange {
  readonly event: 'join' | 'leave' | 'expired'
  readonly name: string
  readonly since: number
}

/** Where it is kept who is on which topic. */
export interface PresenceStore {
  /**
   * Take part in `topics`, from now until a lease after the disposal of what is returned. Without a name the reader leaves
   * them, and null is returned. Waits for nothing and never throws.
   */
  enter(participant: Participant, topics: readonly string[]): Disposable | null
  /** Say who is on a topic. May wait, where others have to be asked. */
  attendance(topic: string): Operation<Attendance>
}

/**
 * The participant that a request names. Where a token says who it is, it is called that, whatever it asks to be called.
 *
 * @throws EnckeError ENCKE_ERR_PRESENCE_NAME for one who leaves and is not known
 */
export function participantOf(admission: Admission, instance: string | undefined, asked: string): Participant {
  const { client, subject } = admission
  const name = asked === '' ? '' : (subject ?? asked)
  if (name !== '' || instance !== undefined) return { client, instance, name }
  throw new EnckeError(
    'ENCKE_ERR_PRESENCE_NAME',
    'presence must be a name, or come with the client that leaves: presence=&client=… (got "")',
  )
}

const prefix = '__presence/'

/** The topic in which it is told who comes to `topic` and who goes. */
export function presenceTopic(topic: string): string {
  return prefix + topic
}

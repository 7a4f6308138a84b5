// Options: the bounds of a poll and of a publish.

import { bytes, integer, seconds } from '../../config/option.ts'

const kib = 1024
const mib = 1024 * kib
/** One message or one body is held in memory whole, several times over while it is served. */
const largestBodyBytes = 64 * mib

export const enckeOptions = {
  waitDefaultSeconds: seconds(
    25,
    'How long a poll waits that does not say; 0 answers at once. Keep it below the shortest proxy time-out.',
  ),
  waitMaxSeconds: seconds(
    120,
    'The longest wait of a poll; one that asks for more is lowered to it, and its reply says so.',
  ),
  limitDefault: integer(100, 1, 1_000_000, 'messages', 'How many messages a poll gets at most when it does not say.'),
  limitMax: integer(
    1000,
    1,
    1_000_000,
    'messages',
    'The highest limit of a poll; one that asks for more is lowered to it, and its reply says so.',
  ),
  topicsPerGet: integer(100, 1, 1000, 'topics', 'How many topics one GET may name; above it the poll gets 400.'),
  topicsPerPoll: integer(
    1000,
    1,
    100_000,
    'topics',
    'How many topics one `POST /poll` may name; above it the poll gets 400.',
  ),
  presenceLeaseSeconds: seconds(
    15,
    'How long a reader that names itself is still on its topics after its last request; 0 is not at all.',
  ),
  maxPresence: integer(
    100_000,
    0,
    10_000_000,
    'members',
    'How many readers may be on topics by name, in all; one more reads all the same, and is not listed.',
  ),
  batchBytes: bytes(
    mib,
    2 ** 30,
    'How large the messages of one reply may be together; the rest waits (`more: true`). One message is always sent.',
  ),
  messageBytes: bytes(64 * kib, largestBodyBytes, 'The largest message; above it the publish gets 413.'),
  appendBytes: bytes(
    8 * mib,
    largestBodyBytes,
    'How large a publish of several messages, or an append to a stream, may be; above it there is 413. It has at most 10,000 messages.',
  ),
  pollBodyBytes: bytes(512 * kib, largestBodyBytes, 'The largest body of `POST /poll`; above it the poll gets 413.'),
}

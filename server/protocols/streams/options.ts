// Options: where Durable Streams stand.

import { custom } from '../../config/option.ts'
import { readPath } from '../../config/readers.ts'

export const streamsOptions = {
  streamsPrefix: custom<string>(
    '/v1/stream',
    'a path such as /v1/stream, without a slash at its end',
    'The path below which topics are Durable Streams: all that follows it is the name of the topic.',
    readPath,
  ),
}

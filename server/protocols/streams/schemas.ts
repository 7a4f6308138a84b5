// What the OpenAPI document says of the protocol's routes. Their rules are the protocol's own: nothing is checked by these.

import Type from 'typebox'
import { complaining, failureReply } from '../../http/schemas.ts'
import { topicNamePattern } from '../../hub/index.ts'

const params = Type.Object({
  '*': Type.String({
    pattern: topicNamePattern,
    description: 'The topic: all that follows in the path, its "/" as it stands or as %2F.',
    ...complaining('ENCKE_ERR_TOPIC_NAME', 'a topic name'),
  }),
})

const querystring = Type.Object({
  offset: Type.Optional(
    Type.String({
      description: 'The Stream-Next-Offset of the last reply; -1 for the start, now for the end. Default: the start.',
      ...complaining('ENCKE_ERR_STREAM_OFFSET', 'given once'),
    }),
  ),
  live: Type.Optional(
    Type.Enum(['long-poll', 'sse'], {
      description: 'Wait for what comes, as one reply or as Server-Sent Events. Wants an offset.',
      ...complaining('ENCKE_ERR_VALIDATION', '"long-poll" or "sse"'),
    }),
  ),
  cursor: Type.Optional(Type.String({ description: 'The Stream-Cursor of the last live reply.' })),
})

function answers(status: number, description: string) {
  return { [status]: { description, type: 'null' }, default: failureReply }
}

const tags = ['Durable Streams']

export const createSchema = {
  summary: 'Create a stream, or a fork of one',
  tags,
  params,
  response: answers(201, 'It is there now. 200: it was, made in the same way.'),
}

export const appendSchema = {
  summary: 'Append to a stream, or close it',
  tags,
  params,
  response: answers(204, 'It is appended. 200: so is the data of a producer, which was new.'),
}

export const readSchema = {
  summary: 'Read a stream from an offset on',
  tags,
  params,
  querystring,
  response: answers(200, 'The data, as its content type says; 204 when the wait was over first.'),
}

export const standingSchema = {
  summary: 'Tell where a stream stands',
  tags,
  params,
  response: answers(200, 'Its headers say.'),
}

export const removeSchema = {
  summary: 'Remove a stream',
  tags,
  params,
  response: answers(204, 'It is gone.'),
}

// The shapes of the native protocol: what is checked, and what the OpenAPI document says.

import Type from 'typebox'
import { closed, complaining, failureReply, replies } from '../../http/schemas.ts'
import { type From, topicNamePattern } from '../../hub/index.ts'

export interface PollLimits {
  readonly waitDefaultSeconds: number
  readonly waitMaxSeconds: number
  readonly limitDefault: number
  readonly limitMax: number
  readonly topicsPerGet: number
  readonly topicsPerPoll: number
}

const topicName = Type.String({
  pattern: topicNamePattern,
  description: '1–200 characters of A–Z a–z 0–9 . _ ~ - /; no segment is empty, "." or "..".',
})

const topic = Type.String({
  pattern: topicNamePattern,
  description: 'The topic. In a path its "/" is written %2F.',
  ...complaining('ENCKE_ERR_TOPIC_NAME', 'a topic name'),
})

function topics(most: number) {
  return Type.Array(topicName, {
    minItems: 1,
    maxItems: most,
    ...complaining('ENCKE_ERR_TOPIC_NAME', `at most ${most} topics`),
  })
}

const cursor = Type.Optional(
  Type.String({
    description: 'Where to go on: the cursor of the last reply. It carries no rights.',
    ...complaining('ENCKE_ERR_CURSOR_MALFORMED', 'the cursor of a reply, unchanged'),
  }),
)

const from = Type.Optional(
  Type.Enum(['now', 'earliest', 'latest'], {
    default: 'now',
    description: 'Where to begin in a topic that the cursor does not have: latest is with its newest message.',
    ...complaining('ENCKE_ERR_FROM_VALUE', '"now", "earliest" or "latest"'),
  }),
)

const client = Type.Optional(
  Type.String({
    pattern: '^[A-Za-z0-9_-]{1,64}$',
    description: 'A random name for the reader, one per page: by it the reader is known again.',
    ...complaining('ENCKE_ERR_CLIENT_VALUE', 'a random name of 1 to 64 letters, digits, - and _'),
  }),
)

const presence = Type.Optional(
  Type.String({
    pattern: '^[^\\u0000-\\u001f\\u007f]{0,100}$',
    description: 'The name by which the reader is on its topics; empty, with its client, to leave them.',
    ...complaining('ENCKE_ERR_PRESENCE_NAME', 'a name of 1 to 100 characters, none of them a control character'),
  }),
)

function pollParameters({ waitMaxSeconds, waitDefaultSeconds, limitMax, limitDefault }: PollLimits) {
  return {
    cursor,
    wait: Type.Optional(
      Type.Number({
        minimum: 0,
        default: waitDefaultSeconds,
        description: `How many seconds to wait for news; 0 answers at once. Lowered to ${waitMaxSeconds}, then shortened by up to a tenth at random.`,
        ...complaining('ENCKE_ERR_WAIT_VALUE', 'a number of seconds, 0 or more'),
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        default: limitDefault,
        description: `The most messages in one reply. Lowered to ${limitMax}.`,
        ...complaining('ENCKE_ERR_LIMIT_VALUE', 'a whole number of messages, 1 or more'),
      }),
    ),
    from,
    client,
    presence,
    turn: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'Of a poll that caches answer: the turn of the last reply, if it had one.',
        ...complaining('ENCKE_ERR_TURN_VALUE', 'the turn of a reply, unchanged'),
      }),
    ),
  }
}

export interface PollParameters {
  readonly cursor?: string
  readonly wait?: number
  readonly limit?: number
  readonly from?: From
  readonly client?: string
  readonly presence?: string
  readonly turn?: number
}

const eventParameters = { cursor, from, client, presence }

export type EventParameters = Pick<PollParameters, 'cursor' | 'from' | 'client' | 'presence'>

const verdicts = Type.Record(
  Type.String(),
  closed({
    verdict: Type.Enum(['ok', 'gap', 'reset'], {
      description: 'ok: nothing is missing. gap: history was trimmed. reset: the cursor is of another epoch.',
    }),
    missed: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: 'How many messages a gap has swallowed; null when nobody knows.',
    }),
    closed: Type.Optional(
      Type.Boolean({ description: 'The topic was closed and has been read to its end: nothing comes any more.' }),
    ),
    removed: Type.Optional(
      Type.Boolean({ description: 'The topic was removed, or has expired. If it comes again, its readers are reset.' }),
    ),
  }),
)

const message = closed({
  topic: Type.String(),
  offset: Type.Integer({ minimum: 1 }),
  id: Type.String(),
  time: Type.Number({ description: 'When it was published, in milliseconds since 1970.' }),
  data: Type.Unknown({
    description: 'What was published: any JSON value; text in a topic of text, and base64 in one of anything else.',
  }),
  encoding: Type.Optional(Type.Literal('base64', { description: 'Of data that is neither JSON nor text.' })),
})

const batch = closed(
  {
    messages: Type.Array(message),
    cursor: Type.String({ description: 'Give it to the next poll.' }),
    more: Type.Boolean({ description: 'There is more to read: poll again at once.' }),
    topics: verdicts,
    wait: Type.Optional(
      Type.Number({ description: 'The poll asked to wait longer than it may: the seconds it was lowered to.' }),
    ),
    limit: Type.Optional(
      Type.Integer({ description: 'The poll asked for more messages than it may: the number it was lowered to.' }),
    ),
    brokerFailingSince: Type.Optional(
      Type.Integer({ description: 'The broker fails since then, in milliseconds since 1970: news may come late.' }),
    ),
    turn: Type.Optional(
      Type.Integer({ description: 'Of a poll that caches answer: give it to the next poll, in its URL.' }),
    ),
    superseded: Type.Optional(
      Type.Boolean({ description: 'A newer poll of the same client has come for the same topics: that one waits.' }),
    ),
    retryAfterMs: Type.Optional(
      Type.Integer({ description: 'The server is going away: poll again after so many milliseconds.' }),
    ),
  },
  { description: 'Messages since the cursor; none when the wait was over first.' },
)

const json = 'application/json'

/** What may be published. It is not checked against these: reading it has made a draft of it. */
const published = {
  content: {
    [json]: { schema: Type.Unknown({ description: 'Any JSON value.' }) },
    'text/plain': { schema: Type.Unknown({ description: 'Text, which becomes a JSON string.' }) },
  },
}

const topicParams = closed({ topic })
const topicQuery = closed({ topic: Type.Optional(topic) })

export function publishSchema(where: 'path' | 'query') {
  const place = where === 'path' ? { params: topicParams, querystring: closed({}) } : { querystring: topicQuery }
  return {
    summary: where === 'path' ? 'Publish the body to a topic' : 'Publish the body to a topic, or several messages',
    tags: ['messages'],
    ...place,
    body: published,
    response: replies(
      201,
      closed(
        {
          topic: Type.String(),
          epoch: Type.String(),
          offset: Type.Integer({ minimum: 1 }),
          id: Type.String(),
          time: Type.Number({ description: 'In milliseconds since 1970.' }),
          waiting: Type.Integer({ minimum: 0, description: 'How many requests were waiting for it here.' }),
          replayed: Type.Optional(
            Type.Boolean({ description: 'The Idempotency-Key came before: this is the answer it had then.' }),
          ),
        },
        { description: 'The message is published. Without a topic in the URL: messages, with one of these for each.' },
      ),
    ),
  }
}

export function pollOneSchema(limits: PollLimits) {
  return {
    summary: 'Wait for messages of one topic',
    tags: ['messages'],
    params: topicParams,
    querystring: closed(pollParameters(limits)),
    response: replies(200, batch),
  }
}

export function pollManySchema(limits: PollLimits) {
  return {
    summary: 'Wait for messages of several topics',
    tags: ['messages'],
    querystring: closed({ topic: topics(limits.topicsPerGet), ...pollParameters(limits) }),
    response: replies(200, batch),
  }
}

export function pollBodySchema(limits: PollLimits) {
  return {
    summary: 'Wait for messages of many topics',
    tags: ['messages'],
    querystring: closed({}),
    body: closed({ topics: topics(limits.topicsPerPoll), ...pollParameters(limits) }),
    response: replies(200, batch),
  }
}

export const removalSchema = {
  summary: 'Remove a topic with all its messages',
  tags: ['messages'],
  params: topicParams,
  querystring: closed({}),
  response: { 204: { description: 'It is gone.', type: 'null' }, default: failureReply },
}

/** A stream has no schema of its own: its events are described. */
const eventReplies = {
  200: {
    description:
      'Server-Sent Events: one per message, with the message as JSON in `data` and the cursor after it as `id`; `verdict` where ' +
      'something is missing, `expired` when the token is.',
    content: { 'text/event-stream': { schema: Type.String() } },
  },
  default: replies(200, batch)['default'],
}

export const eventsOfOneSchema = {
  summary: 'Read one topic as Server-Sent Events',
  tags: ['messages'],
  params: topicParams,
  querystring: closed(eventParameters),
  response: eventReplies,
}

export function eventsOfManySchema({ topicsPerGet }: PollLimits) {
  return {
    summary: 'Read several topics as Server-Sent Events',
    tags: ['messages'],
    querystring: closed({ topic: topics(topicsPerGet), ...eventParameters }),
    response: eventReplies,
  }
}

const attendance = closed(
  {
    topic: Type.String(),
    members: Type.Array(
      closed({
        name: Type.String(),
        since: Type.Number({ description: 'In milliseconds since 1970.' }),
        lastSeen: Type.Number({ description: 'Now, while it waits.' }),
      }),
      { description: 'Longest here first.' },
    ),
    anonymous: Type.Integer({ minimum: 0, description: 'How many others wait here.' }),
    cursor: Type.String({ description: 'To follow the topic of presence from here on.' }),
  },
  { description: 'Who is on the topic.' },
)

export const presenceSchema = {
  summary: 'Tell who is on a topic',
  tags: ['messages'],
  params: topicParams,
  querystring: closed({}),
  response: replies(200, attendance),
}

export const presenceByQuerySchema = {
  summary: 'Tell who is on a topic, which stands in the query',
  tags: ['messages'],
  querystring: closed({ topic }),
  response: replies(200, attendance),
}

export const topicSchema = {
  summary: 'Tell where a topic stands',
  tags: ['messages'],
  params: topicParams,
  querystring: closed({}),
  response: replies(
    200,
    closed(
      {
        topic: Type.String(),
        epoch: Type.String(),
        head: Type.Integer({ minimum: 0, description: 'The offset of the newest message; 0 before the first.' }),
        oldest: Type.Integer({ minimum: 1, description: 'The offset of the oldest message kept.' }),
        cursor: Type.String({ description: 'To poll from here on.' }),
        waiting: Type.Integer({ minimum: 0, description: 'How many requests wait for its next message here.' }),
        contentType: Type.Union([Type.String(), Type.Null()], {
          description: 'Of its messages; null before there is a topic.',
        }),
        closed: Type.Boolean({ description: 'Nothing more can be published to it.' }),
      },
      { description: 'Where the topic stands.' },
    ),
  ),
}

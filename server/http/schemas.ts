// The shapes that requests and replies have in common: what is checked, and what the OpenAPI document says.

import type { TProperties, TSchema } from 'typebox'
import Type from 'typebox'
import type { ErrorCode } from '../errors.ts'

/** How a value that does not fit is complained about: "… must be {rule}". */
export function complaining(code: ErrorCode, rule: string): { 'x-code': ErrorCode; 'x-rule': string } {
  return { 'x-code': code, 'x-rule': rule }
}

/** An object with these properties and no others. */
export function closed<P extends TProperties>(properties: P, options: object = {}) {
  return Type.Object(properties, { additionalProperties: false, ...options })
}

const failure = closed(
  {
    statusCode: Type.Integer(),
    code: Type.String({ description: 'ENCKE_ERR_…' }),
    error: Type.String(),
    message: Type.String({ description: 'What was given and what to do.' }),
  },
  { description: 'An error.' },
)

const json = 'application/json'

/** What a route answers when something is wrong. */
export const failureReply = { description: 'An error, with a code of ours.', content: { [json]: { schema: failure } } }

/** The replies of a route: one for success, and one shape for everything else. */
export function replies(status: number, schema: TSchema): Record<string, unknown> {
  return {
    [status]: { description: schema['description' as keyof TSchema] ?? 'Success.', content: { [json]: { schema } } },
    default: failureReply,
  }
}

export const count = Type.Integer({ minimum: 0 })

export const healthSchema = {
  summary: 'Tell whether the server is alive',
  tags: ['operation'],
  response: replies(200, closed({ status: Type.Literal('ok') }, { description: 'It is.' })),
}

export const readySchema = {
  summary: 'Tell whether the server takes requests; 503 while it drains',
  tags: ['operation'],
  response: replies(200, closed({ status: Type.Literal('ready') }, { description: 'It does.' })),
}

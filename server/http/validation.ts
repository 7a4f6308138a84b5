// Checks requests against their schemas, and turns what does not fit into our errors.
//
// A property's schema says how to complain: `x-code` is the error's code, and `x-rule` continues "… must be …". Both are
// in the OpenAPI document too.

import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { ErrorCode } from '../errors.ts'
import { clip, EnckeError } from '../errors.ts'
import { checkTopicName } from '../hub/index.ts'

interface Property {
  readonly type?: string
  readonly 'x-code'?: ErrorCode
  readonly 'x-rule'?: string
}

interface Complaint {
  readonly keyword: string
  readonly instancePath: string
  readonly params: { readonly requiredProperties?: readonly string[] }
}

type Values = Record<string, unknown>

/** Fastify's validator compiler. Only a query is converted, from text to numbers and lists; a body means what it says. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema)
  const properties = (schema as { properties?: Record<string, Property> }).properties ?? {}
  const conversions = httpPart === 'querystring' ? conversionsOf(properties) : []
  return (given: unknown) => {
    // In place: a copy of the query would be most of what checking it costs.
    for (const conversion of conversions) conversion.convert(given as Values)
    if (compiled.Check(given)) return true
    const complaints = compiled.Errors(given) as unknown as Complaint[]
    for (const conversion of conversions) conversion.undo(given as Values)
    return { error: errorOf(gravest(complaints), properties, given, httpPart === 'body') }
  }
}

function conversionsOf(properties: Readonly<Record<string, Property>>): Conversion[] {
  return Object.entries(properties)
    .filter(([, { type }]) => type === 'array' || type === 'number' || type === 'integer')
    .map(([name, { type }]) => new Conversion(name, type === 'array'))
}

/** How the text of one parameter becomes a value, and for the complaint again the text that was given. */
class Conversion {
  readonly #name: string
  readonly #isList: boolean
  #given: unknown

  constructor(name: string, isList: boolean) {
    this.#name = name
    this.#isList = isList
  }

  convert(values: Values): void {
    const given = values[this.#name]
    this.#given = given
    if (given === undefined) return
    if (this.#isList) {
      if (!Array.isArray(given)) values[this.#name] = [given]
    } else if (isDecimal(given)) values[this.#name] = Number(given)
  }

  undo(values: Values): void {
    if (this.#given !== undefined) values[this.#name] = this.#given
  }
}

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)
}

/** What is there tells more than what is not: "topic[]" explains why there is no topic. */
function gravest(complaints: readonly Complaint[]): Complaint {
  return complaints.find(({ keyword }) => keyword !== 'required') ?? (complaints[0] as Complaint)
}

/** Names come from outside: "constructor" is none of ours. */
function propertyOf(properties: Readonly<Record<string, Property>>, name: string): Property | undefined {
  return Object.hasOwn(properties, name) ? properties[name] : undefined
}

function errorOf(
  complaint: Complaint,
  properties: Readonly<Record<string, Property>>,
  given: unknown,
  isBody: boolean,
): EnckeError {
  const [, name = '', item] = complaint.instancePath.split('/').map(unescapePointer)
  const missing = complaint.keyword === 'required' ? complaint.params.requiredProperties?.[0] : undefined
  if (missing !== undefined) return missingError(missing)
  if (complaint.instancePath === '')
    return new EnckeError('ENCKE_ERR_VALIDATION', `the body must be a JSON object (got ${clip(given)})`)
  const value = (given as Values)[name]
  const property = propertyOf(properties, name)
  if (property === undefined) return unknownError(name, Object.keys(properties))
  if (Array.isArray(value) && property.type !== 'array' && !isBody) {
    return new EnckeError('ENCKE_ERR_PARAMETER_REPEATED', `${name} may be given once (got ${clip(value)})`)
  }
  if (name === 'topic' || name === 'topics') return topicError(name, complaint, property, value, item)
  return valueError(name, property, value)
}

function valueError(name: string, property: Property, value: unknown): EnckeError {
  const rule = property['x-rule'] ?? 'something else'
  return new EnckeError(property['x-code'] ?? 'ENCKE_ERR_VALIDATION', `${name} must be ${rule} (got ${clip(value)})`)
}

function topicError(name: string, complaint: Complaint, property: Property, value: unknown, item?: string): EnckeError {
  if (name === 'topics' && !Array.isArray(value)) {
    return new EnckeError('ENCKE_ERR_TOPIC_NAME', `topics must be a list of topic names (got ${clip(value)})`)
  }
  const text = Array.isArray(value) && item !== undefined ? value[Number(item)] : value
  if (complaint.keyword === 'maxItems') {
    const count = (value as unknown[]).length
    const remedy = name === 'topic' ? 'use POST /poll for more' : 'use several polls'
    return new EnckeError('ENCKE_ERR_TOPIC_COUNT', `a request names ${property['x-rule']}: ${remedy} (got ${count})`)
  }
  if (complaint.keyword === 'minItems') return missingError('topics')
  if (complaint.keyword !== 'pattern' && complaint.keyword !== 'maxLength' && complaint.keyword !== 'minLength') {
    return new EnckeError('ENCKE_ERR_TOPIC_NAME', `a topic is a string (got ${clip(text)})`)
  }
  try {
    checkTopicName(String(text))
  } catch (error) {
    if (error instanceof EnckeError) return error
  }
  return new EnckeError('ENCKE_ERR_TOPIC_NAME', `a topic name does not fit (got ${clip(text)})`)
}

function missingError(name: string): EnckeError {
  if (name === 'topic') return new EnckeError('ENCKE_ERR_TOPIC_MISSING', 'name a topic: ?topic=… in the URL')
  if (name === 'topics') {
    return new EnckeError('ENCKE_ERR_TOPIC_MISSING', 'name at least one topic: {"topics": ["…"]} in the body')
  }
  return new EnckeError('ENCKE_ERR_VALIDATION', `${name} is missing`)
}

function unknownError(name: string, known: readonly string[]): EnckeError {
  const choice = known.length === 0 ? 'there are none here' : `known here: ${known.join(', ')}`
  return new EnckeError('ENCKE_ERR_PARAMETER_UNKNOWN', `there is no parameter ${clip(name)}; ${choice}`)
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}

// Checks requests against their schemas, and turns what does not fit into our errors.
//
// A property's schema says how to complain: `x-code` is the error's code, and `x-rule` continues "… must be …". Both are
// in the OpenAPI document too.

import { createRequire } from 'node:module'
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import type { Compile } from 'typebox/compile'
import type { ErrorCode } from '../errors.ts'
import { clip, EnckeError } from '../errors.ts'
import { checkTopicName, isTopicName } from '../hub/index.ts'

const require = createRequire(import.meta.url)

type Property = TSchema & {
  readonly type?: string
  readonly maxItems?: number
  readonly 'x-code'?: ErrorCode
  readonly 'x-rule'?: string
}

type Properties = Readonly<Record<string, Property>>

type Values = Record<string, unknown>

/**
 * Fastify's validator compiler. Only a query is converted, from text to numbers and lists; a body means what it says.
 *
 * The first complaint ends it: what does not fit costs no more than what does, however much of it there is. A schema is
 * compiled when the first request is checked against it: compiling all of them would be a third of the server's start.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = (part) => {
  let validate: Validate | undefined
  return (given: unknown) => {
    validate ??= compile(part.schema, part.httpPart)
    return validate(given)
  }
}

type Validate = (given: unknown) => true | { error: EnckeError }

function compile(schema: TSchema, httpPart: string | undefined): Validate {
  const compiled = compiler()(schema)
  const { properties = {}, required = [] } = schema as { properties?: Properties; required?: readonly string[] }
  const conversions = httpPart === 'querystring' ? conversionsOf(properties) : []
  const lists = Object.keys(properties).filter((name) => properties[name]?.type === 'array')
  const checks = checksOf(properties)
  return (given: unknown) => {
    // In place: a copy of the query would be most of what checking it costs.
    for (const conversion of conversions) conversion.convert(given as Values)
    if (!lists.some((name) => isTooLong(properties, given, name)) && compiled.Check(given)) return true
    const misfit = checks.find(({ name, fits }) => !fits((given as Values | null)?.[name]))?.name
    for (const conversion of conversions) conversion.undo(given as Values)
    return { error: errorOf(given, misfit, properties, required, httpPart === 'body') }
  }
}

let loaded: typeof Compile | undefined

/** Loaded soon after the server listens, or by the first request if that is sooner: it has 300 modules, which take a tenth of a second. */
export function compiler(): typeof Compile {
  loaded ??= (require('typebox/compile') as { Compile: typeof Compile }).Compile
  return loaded
}

/** Asked before the items are looked at, of which there may be hundreds of thousands. */
function isTooLong(properties: Properties, given: unknown, name: string): boolean {
  const value = (given as Values | null)?.[name]
  return Array.isArray(value) && value.length > (properties[name]?.maxItems ?? Number.POSITIVE_INFINITY)
}

/** Whether each property fits, by itself. One that is not there does. */
function checksOf(properties: Properties): { name: string; fits: (value: unknown) => boolean }[] {
  return Object.entries(properties).map(([name, property]) => {
    const { maxItems = Number.POSITIVE_INFINITY } = property
    const compiled = compiler()(property)
    const isShort = (value: unknown) => !Array.isArray(value) || value.length <= maxItems
    return { name, fits: (value) => value === undefined || (isShort(value) && compiled.Check(value)) }
  })
}

function conversionsOf(properties: Properties): Conversion[] {
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
function errorOf(
  given: unknown,
  misfit: string | undefined,
  properties: Properties,
  required: readonly string[],
  isBody: boolean,
): EnckeError {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return new EnckeError('ENCKE_ERR_VALIDATION', `the body must be a JSON object (got ${clip(given)})`)
  }
  const values = given as Values
  if (misfit === undefined) return shapeError(values, properties, required)
  const property = properties[misfit] as Property
  const value = values[misfit]
  if (Array.isArray(value) && property.type !== 'array' && !isBody) {
    return new EnckeError('ENCKE_ERR_PARAMETER_REPEATED', `${misfit} may be given once (got ${clip(value)})`)
  }
  // A topic that is the rest of a path has no name there.
  if (misfit === 'topic' || misfit === 'topics' || misfit === '*') return topicError(misfit, property, value)
  return valueError(misfit, property, value)
}

function shapeError(given: Values, properties: Properties, required: readonly string[]): EnckeError {
  // Names come from outside: "constructor" is none of ours.
  for (const name in given) if (!Object.hasOwn(properties, name)) return unknownError(name, Object.keys(properties))
  return missingError(required.find((name) => given[name] === undefined) as string)
}

function valueError(name: string, property: Property, value: unknown): EnckeError {
  const rule = property['x-rule'] ?? 'something else'
  return new EnckeError(property['x-code'] ?? 'ENCKE_ERR_VALIDATION', `${name} must be ${rule} (got ${clip(value)})`)
}

function topicError(name: string, property: Property, value: unknown): EnckeError {
  if (name === 'topics' && !Array.isArray(value)) {
    return new EnckeError('ENCKE_ERR_TOPIC_NAME', `topics must be a list of topic names (got ${clip(value)})`)
  }
  if (!Array.isArray(value)) return topicNameError(value)
  if (value.length > (property.maxItems ?? Number.POSITIVE_INFINITY)) {
    const remedy = name === 'topic' ? 'use POST /poll for more' : 'use several polls'
    const message = `a request names ${property['x-rule']}: ${remedy} (got ${value.length})`
    return new EnckeError('ENCKE_ERR_TOPIC_COUNT', message)
  }
  if (value.length === 0) return missingError('topics')
  return topicNameError(value.find((item) => typeof item !== 'string' || !isTopicName(item)))
}

function topicNameError(value: unknown): EnckeError {
  if (typeof value !== 'string') {
    return new EnckeError('ENCKE_ERR_TOPIC_NAME', `a topic is a string (got ${clip(value)})`)
  }
  try {
    checkTopicName(value)
  } catch (error) {
    if (error instanceof EnckeError) return error
  }
  return new EnckeError('ENCKE_ERR_TOPIC_NAME', `a topic name does not fit (got ${clip(value)})`)
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

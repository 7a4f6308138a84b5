// Makes text of replies by their schemas, as Fastify does by itself, but compiles a schema when the first reply needs it:
// compiling all of them would be a part of the server's start that one sees.

import { createRequire } from 'node:module'

/** Of Fastify's builder of serializers what is used here; its own type is one of another package. */
export type SerializerBuilder = (schemas: unknown, options?: unknown) => (route: unknown) => (data: unknown) => string

export const buildSerializer: SerializerBuilder = (schemas, options) => {
  let compile: ReturnType<SerializerBuilder> | undefined
  return (route) => {
    let serialize: ((data: unknown) => string) | undefined
    return (data) => {
      compile ??= ofFastify()(schemas, options)
      serialize ??= compile(route)
      return serialize(data)
    }
  }
}

/** Load what builds serializers, unless a reply has needed it already: a hundred modules. */
export function loadSerializers(): void {
  ofFastify()
}

/** The one that Fastify would use: it is Fastify's dependency, so it is Fastify that finds it. */
function ofFastify(): SerializerBuilder {
  const ours = createRequire(import.meta.url)
  const fastifys = createRequire(ours.resolve('fastify'))
  return fastifys('@fastify/fast-json-stringify-compiler')()
}

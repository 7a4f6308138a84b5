// The plugin: Encke as a part of somebody's Fastify application.
//
// It is encapsulated: all its routes, hooks, parsers and handlers stand below its prefix, in a context of their own. Of the
// application it changes one thing, the decorator `encke`. It listens to nothing, neither a port nor a signal, and what
// hooks the application has see every request: the fast path is off.

import type { FastifyInstance } from 'fastify'
import type { Authorize } from './access/asked-rights.ts'
import { type Config, ConfigError, completeConfig } from './config.ts'
import { Engine } from './engine.ts'
import type { Broker } from './hub/index.ts'
import { InProcess } from './in-process.ts'
import { registerRoutes } from './routes.ts'

export type { Asked, Authorize, Permission } from './access/asked-rights.ts'
export type { Delivery, InProcess, PublishOptions, SubscribeOptions } from './in-process.ts'
export type { Receipt } from './protocols/encke/publish-many.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Publishing and reading without HTTP. */
    readonly encke: InProcess
  }
}

/** What is about a process, or about the server that stands alone. */
type NotForPlugins = 'config' | 'host' | 'port' | 'open' | 'logLevel' | 'accessLog' | 'basePath' | 'tlsCert' | 'tlsKey'

/** Of the options of the server those that say nothing about a process or a port. */
export interface EnckeOptions extends Partial<Omit<Config, NotForPlugins | 'broker'>> {
  /** What the paths of its routes begin with. Default: nothing. */
  readonly prefix?: string
  /** Where topics are kept: the address of a broker, which ends with the application, or one that is open. Default: `memory:`. */
  readonly broker?: string | Broker
  /**
   * Decides on what a request may do, instead of keys and tokens, after the application's own `onRequest` hooks. The topics
   * of `anonymousSubscribe` are read without it.
   */
  readonly authorize?: Authorize
}

/**
 * Add Encke's routes below `prefix`, and `app.encke`. The routes under `/admin/` are there when `adminToken` is given.
 *
 * @throws ConfigError ENCKE_ERR_CONFIG with every complaint about `options`, ENCKE_ERR_BROKER when its broker cannot be opened
 */
export async function encke(app: FastifyInstance, options: EnckeOptions = {}): Promise<void> {
  const { prefix = '', broker, authorize, ...values } = options
  if (authorize !== undefined) refuseOtherRights(values)
  const config = completeConfig(typeof broker === 'string' ? { ...values, broker } : values)
  const report = (error: unknown) => app.log.error(error, 'a coroutine failed and nobody was looking')
  const engine = await Engine.open(config, report, typeof broker === 'object' ? { broker } : {})
  for (const remark of engine.broker.remarks ?? []) app.log.info(remark)
  app.decorate('encke', new InProcess(engine))
  await app.register(
    async (within) => {
      within.addHook('preClose', async () => engine.hurry())
      within.addHook('onClose', () => engine.close())
      await registerRoutes(within, engine, {
        server: undefined,
        hasOtherHooks: () => true,
        guardsHost: false,
        hasAdministration: config.adminToken !== undefined,
        logger: app.log,
        hasPages: false,
        authorize,
      })
    },
    { prefix },
  )
}

/** @throws ConfigError ENCKE_ERR_CONFIG when keys or tokens are given as well */
function refuseOtherRights(values: Partial<Config>): void {
  const others = (['publishKey', 'subscribeKey', 'tokenSecret', 'tokenKeys', 'tokenJwks'] as const).filter(
    (key) => values[key] !== undefined,
  )
  if (others.length === 0) return
  const complaint = `authorize decides instead of keys and tokens: leave out it, or ${others.join(' and ')}`
  throw new ConfigError('ENCKE_ERR_CONFIG', [complaint])
}

// Not a context of its own: the decorator is for the application, which is where everything else is kept from.
Object.defineProperties(encke, {
  [Symbol.for('skip-override')]: { value: true },
  [Symbol.for('fastify.display-name')]: { value: 'encke' },
})

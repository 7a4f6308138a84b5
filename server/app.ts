// The server that stands alone: what the command starts, and what tests use.

import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { createSecureContext } from 'node:tls'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fastify, { LogController } from 'fastify'
import type { Scheduler } from '../runtime/index.ts'
import { type Config, ConfigError, completeConfig } from './config.ts'
import { Engine } from './engine.ts'
import type { EngineParts } from './engine-parts.ts'
import { belowBasePath, prefixOf, redirectToBasePath } from './http/base-path.ts'
import { endConnections, repliesHaveLeft } from './http/closing.ts'
import { replyBeforeHooks } from './http/cross-origin.ts'
import type { Draining } from './http/draining.ts'
import { type FailureObserver, replyToBrokenRequest } from './http/error-replies.ts'
import { LaterHooks } from './http/later-hooks.ts'
import { withLazyChildren } from './http/request-log.ts'
import { buildSerializer, loadSerializers } from './http/serialization.ts'
import { compiler, compileValidator } from './http/validation.ts'
import type { Broker, Hub } from './hub/index.ts'
import { makeLog } from './observe/log.ts'
import type { Observations } from './observe/observations.ts'
import { type Owing, registerRoutes } from './routes.ts'

/** Parts that a test, or another app in the same process, brings along. */
export type Parts = EngineParts

/** A server: Fastify's, and what is beneath it. */
export interface App {
  readonly http: FastifyInstance
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly broker: Broker
  readonly adminToken: string
  readonly draining: Draining
  /** Its log; the level may be set. */
  readonly logger: { level: string }
  /** What it observes of itself: counts, durations and the last ten minutes. */
  readonly observations: Observations
  /** Answer the requests that wait, spread over the drain window, and close. */
  drain(): Promise<void>
  /** Answer whatever still waits at once, and give the requests under way little time; a drain under way then ends soon. */
  hurry(): void
  /** Answer whatever waits at once, and close. */
  close(): Promise<void>
}

/** The URL and headers of a GET that names a hundred long topics, percent-encoded, with room to spare. */
const headerBytes = 128 * 1024

/** A topic of 200 characters, each of them percent-encoded, and then some: above it, the complaint is ours. */
const longestParameter = 2_000

/** Above the 60 seconds after which proxies reuse no connection, so that it is they who close it. */
const keepAliveMs = 75_000

/** How long a client may take to send its request. */
const requestMs = 30_000

/** So long after it listens, and so long after another, a compiler of schemas is loaded: tens of milliseconds each. */
const compilersAfterMs = 200

/**
 * Build a server that does not listen yet.
 *
 * @throws ConfigError ENCKE_ERR_CONFIG with every complaint about `options`, ENCKE_ERR_BROKER when its broker cannot be opened
 */
export async function buildApp(options: Partial<Config> = {}, parts: Parts = {}): Promise<App> {
  const config = completeConfig(options)
  const logger: FastifyBaseLogger = makeLog(config.logLevel, process.stderr.isTTY)
  const report = (error: unknown) => logger.error(error, 'a coroutine failed and nobody was looking')
  const tls = readTls(config)
  const engine = await Engine.open(config, report, parts)
  for (const remark of engine.broker.remarks ?? []) logger.info(remark)
  const http = createHttp(engine, logger, tls)
  const laterHooks = new LaterHooks()
  redirectToBasePath(http, config.basePath)
  const owing = await registerRoutes(http, engine, {
    server: http.server,
    hasOtherHooks: () => laterHooks.any,
    guardsHost: true,
    hasAdministration: true,
    logger,
    hasPages: true,
  })
  closeInOrder(http, engine, owing)
  const { scheduler, hub, broker, adminToken, draining, observations } = engine
  http.server.once('listening', () => {
    observations.timeline.restart()
    loadCompilersSoon()
  })
  laterHooks.watch(http)
  return {
    http,
    scheduler,
    hub,
    broker,
    adminToken,
    draining,
    observations,
    logger,
    drain: () => engine.drain().then(() => http.close()),
    hurry: () => engine.hurry(),
    close: () => http.close(),
  }
}

/** Not by the first request, for all others would wait with it; and not before the server has answered that it is ready. */
function loadCompilersSoon(): void {
  // Not by a coroutine, which would be counted among those that serve.
  for (const [before, load] of [compiler, loadSerializers].entries()) {
    setTimeout(load, (before + 1) * compilersAfterMs).unref()
  }
}

function createHttp(
  { config, identity, pipelining, observations }: Engine,
  logger: FastifyBaseLogger,
  tls: Certificate | undefined,
): FastifyInstance {
  const failed: FailureObserver = (error) => observations.traffic.failed(error.code)
  const prefix = prefixOf(config.basePath)
  const options = {
    maxHeaderSize: headerBytes,
    headersTimeout: keepAliveMs + 5_000,
    // A missing Host is refused by siteGuard, in our shape; Node would say no more than 400.
    requireHostHeader: false,
    // A GET has no body: its stream need not be read to its end.
    optimizeEmptyRequests: true,
  }
  // Fastify's types have a server of another kind for each; all that is used here they have in common.
  const transport: object = {
    ...(tls === undefined ? { http: options } : { https: { ...options, ...tls } }),
    ...(prefix !== '' && { rewriteUrl: ({ url = '' }: IncomingMessage) => belowBasePath(url, prefix) }),
  }
  const http = fastify({
    ...transport,
    loggerInstance: withLazyChildren(logger),
    // A line for each of ten thousand polls would cost more than answering it.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustProxy !== false && ((address, hop) => identity.trusts(address, hop)),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: longestParameter },
    // Fastify would load compilers of its own, which nothing here is compiled by; its types know only those.
    schemaController: { compilersFactory: { buildValidator: () => compileValidator as never, buildSerializer } },
    bodyLimit: config.messageBytes,
    keepAliveTimeout: keepAliveMs,
    requestTimeout: requestMs,
    // While draining, polls are answered; that is not Fastify's to refuse.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: (error, socket) => {
      if (error.code !== 'ERR_HTTP_REQUEST_TIMEOUT' || !pipelining.holds(socket)) {
        replyToBrokenRequest(error, socket, failed)
      }
    },
    frameworkErrors: replyBeforeHooks(config.origins, failed),
  })
  return http as unknown as FastifyInstance
}

interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
}

/** The certificate and its key. @throws ConfigError ENCKE_ERR_CONFIG when they cannot be read or do not belong together */
function readTls({ tlsCert, tlsKey }: Config): Certificate | undefined {
  if (tlsCert === undefined || tlsKey === undefined) return undefined
  try {
    const pair = { cert: readFileSync(tlsCert), key: readFileSync(tlsKey) }
    createSecureContext(pair)
    return pair
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new ConfigError('ENCKE_ERR_CONFIG', [
      `${tlsCert} and ${tlsKey} are no certificate with its key that can be used (${code ?? message})`,
    ])
  }
}

/** Closing must not wait for polls that wait, nor for clients that dawdle. */
function closeInOrder(http: FastifyInstance, engine: Engine, { owesReplies }: Owing): void {
  const { scheduler, draining, hurried } = engine
  http.addHook('preClose', async () => {
    draining.hurry()
    await scheduler.run(repliesHaveLeft, owesReplies, hurried).promise
    engine.inBackground('closing', () => endConnections(http.server, hurried))
  })
  http.addHook('onClose', () => engine.close())
}

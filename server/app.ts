// Assembles the server from its parts: what main starts, and what tests use.

import { hash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fastify, { LogController } from 'fastify'
import { pino } from 'pino'
import type { Host, Task } from '../runtime/index.ts'
import { keepShapes, Latch, Scheduler } from '../runtime/index.ts'
import { Admissions } from './access/admission.ts'
import { ClientIdentity } from './access/client-identity.ts'
import { ClientRate, guardRate } from './access/client-rate.ts'
import { adviseAboutProxies } from './access/proxy-advice.ts'
import { WaitingRoom } from './access/waiting-room.ts'
import { MemoryBroker } from './brokers/memory.ts'
import { randomIds } from './brokers/random-ids.ts'
import type { Config } from './config.ts'
import { hostBehind, hostForRequests } from './hosts.ts'
import { administrationRoutes } from './http/administration.ts'
import { benchmarkRoutes } from './http/benchmarks.ts'
import { wantBodies } from './http/bodies.ts'
import { endConnections, endKeepAlive, repliesHaveLeft } from './http/closing.ts'
import { letOriginsRead, replyBeforeHooks } from './http/cross-origin.ts'
import { Draining } from './http/draining.ts'
import { answerErrors, answerWrongMethods, replyToBrokenRequest } from './http/error-replies.ts'
import { takeExpectations } from './http/expectations.ts'
import { FastPath } from './http/fast-path/fast-path.ts'
import { healthRoutes } from './http/health.ts'
import { LaterHooks } from './http/later-hooks.ts'
import { longPollRoutes } from './http/long-poll.ts'
import { describeRoutes, openApiRoutes } from './http/openapi.ts'
import { pageRoutes } from './http/pages.ts'
import { type LongPoll, longPolling } from './http/poll.ts'
import { publishRoutes } from './http/publish.ts'
import { withLazyChildren } from './http/request-log.ts'
import { guardSite } from './http/same-site.ts'
import { topicRoutes } from './http/topic.ts'
import { Traffic } from './http/traffic.ts'
import { compileValidator } from './http/validation.ts'
import type { Broker } from './hub/index.ts'
import { Hub } from './hub/index.ts'
import { packageRoot, version } from './package-root.ts'

/** Parts that a test, or another app in the same process, brings along. */
export interface Parts {
  /** Where the truth about topics is kept. Default: a memory broker of its own, which ends with the app. */
  readonly broker?: Broker
  /** The monotonic clock that rates are measured by, in milliseconds. Default: that of the platform. */
  readonly clock?: () => number
}

/** A server: Fastify's, and what is beneath it. */
export interface App {
  readonly http: FastifyInstance
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly broker: Broker
  readonly adminToken: string
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

export async function buildApp(config: Config, parts: Parts = {}): Promise<App> {
  const logger: FastifyBaseLogger = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: false }))
  const host = hostForRequests((error) => logger.error(error, 'a coroutine failed and nobody was looking'))
  keepShapes()
  const scheduler = new Scheduler({ host, sliceMs: config.sliceMs })
  const background: Task<unknown>[] = []
  const broker = parts.broker ?? startMemoryBroker(config, scheduler, background)
  const hub = new Hub({
    scheduler,
    broker,
    hash: (text) => hash('sha256', text, 'buffer'),
    // The memory broker has everything at hand itself: beyond its bounds a node keeps only what a burst would trim.
    ring: { messages: 1, bytes: 0 },
    burst: { messages: config.historyMessages * 2, bytes: config.historyBytes * 2 },
    batchBytes: config.batchBytes,
    unfollowMs: config.unfollowMs,
  })
  const draining = new Draining({ pauseMs: config.drainPauseMs, windowMs: config.drainMs })
  const adminToken = config.adminToken ?? randomBytes(18).toString('base64url')
  const hurried = new Latch('a second signal')
  const identity = new ClientIdentity(config.trustProxy)
  const http = createHttp(config, logger, identity)
  const laterHooks = new LaterHooks()
  const clock = parts.clock ?? (() => performance.now())
  const traffic = new Traffic(http.server)
  const admissions = new Admissions(http, { identity, count: traffic.count, clock, readmit: () => fastPath.readmit() })
  const fastPath = new FastPath({
    scheduler,
    server: http.server,
    admissions,
    isOff: () => !config.fastPath || laterHooks.any || draining.begun.isOpen,
  })
  const rate = config.clientLimits ? new ClientRate(config.requestsPerSecond, clock) : undefined
  const waitingRoom = new WaitingRoom({
    places: config.maxWaiting,
    placesPerClient: config.clientLimits ? config.maxWaitingPerClient : Number.POSITIVE_INFINITY,
  })
  const longPoll = longPolling({ hub, draining, waitingRoom })

  // Whoever closes the app must not wait for polls that wait, nor for clients that dawdle.
  http.addHook('preClose', async () => {
    draining.hurry()
    await scheduler.run(repliesHaveLeft, () => fastPath.hasWaiting || traffic.isLeaving, hurried).promise
    const ending = scheduler.run(() => endConnections(http.server, hurried))
    ending.label = 'closing'
    background.push(ending)
  })
  http.addHook('onClose', async () => {
    hub[Symbol.dispose]()
    for (const task of background) task.cancel('the app is closed')
    await Promise.allSettled(background.map(({ promise }) => promise))
  })
  await assemble(http, {
    config,
    host,
    scheduler,
    hub,
    draining,
    identity,
    traffic,
    admissions,
    rate,
    longPoll,
    fastPath,
    laterHooks,
    adminToken,
  })
  laterHooks.watch(http)

  return {
    http,
    scheduler,
    hub,
    broker,
    adminToken,
    drain: () => scheduler.run(() => draining.drain()).promise.then(() => http.close()),
    hurry: () => {
      hurried.open()
      draining.hurry()
    },
    close: () => http.close(),
  }
}

function createHttp(config: Config, logger: FastifyBaseLogger, identity: ClientIdentity): FastifyInstance {
  const http = fastify({
    loggerInstance: withLazyChildren(logger),
    // A line for each of ten thousand polls would cost more than answering it.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustProxy !== false && ((address, hop) => identity.trusts(address, hop)),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: longestParameter },
    bodyLimit: config.messageBytes,
    keepAliveTimeout: keepAliveMs,
    requestTimeout: requestMs,
    // While draining, polls are answered; that is not Fastify's to refuse.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: {
      maxHeaderSize: headerBytes,
      headersTimeout: keepAliveMs + 5_000,
      // A missing Host is refused by guardSite, in our shape; Node would say no more than 400.
      requireHostHeader: false,
      // A GET has no body: its stream need not be read to its end.
      optimizeEmptyRequests: true,
    },
    clientErrorHandler: replyToBrokenRequest,
    frameworkErrors: replyBeforeHooks(config.origins),
  })
  return http as unknown as FastifyInstance
}

interface Assembly {
  readonly config: Config
  readonly host: Host
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly draining: Draining
  readonly identity: ClientIdentity
  readonly traffic: Traffic
  readonly admissions: Admissions
  readonly rate: ClientRate | undefined
  readonly longPoll: LongPoll
  readonly fastPath: FastPath
  readonly laterHooks: LaterHooks
  readonly adminToken: string
}

async function assemble(http: FastifyInstance, assembly: Assembly): Promise<void> {
  const { config, host, scheduler, hub, draining, identity, traffic, admissions, rate, adminToken } = assembly
  const routes = collectRoutes(http)
  http.setValidatorCompiler(compileValidator)
  adviseAboutProxies(http, { ...config, identity })
  wantBodies(http)
  endKeepAlive(http, draining)
  await letOriginsRead(http, config.origins)
  takeExpectations(http)
  guardSite(http, config)
  if (rate !== undefined) admissions.add(await guardRate(http, rate))
  answerErrors(http)
  await describeRoutes(http, version)

  await http.register(publishRoutes, { ...config, scheduler, hub })
  await http.register(longPollRoutes, {
    ...config,
    limits: config,
    scheduler,
    longPoll: assembly.longPoll,
    fastPath: assembly.fastPath,
    keepsHeaders: () => assembly.laterHooks.any,
  })
  await http.register(topicRoutes, { ...config, scheduler, hub })
  await http.register(administrationRoutes, { scheduler, hub, traffic, adminToken })
  await http.register(benchmarkRoutes, { ...config, host: hostBehind(host), scheduler, draining, adminToken })
  await http.register(healthRoutes, { draining })
  await http.register(openApiRoutes)
  await http.register(pageRoutes, { folder: join(packageRoot, 'public') })
  answerWrongMethods(http, routes)
}

/** Which methods each path has, so that the others can be answered with 405. */
function collectRoutes(http: FastifyInstance): ReadonlyMap<string, ReadonlySet<string>> {
  const routes = new Map<string, Set<string>>()
  http.addHook('onRoute', ({ url, method }) => {
    // The route of preflights is no path: what is not found elsewhere is 404 there too.
    if (url === '*') return
    const methods = routes.get(url) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    routes.set(url, methods)
  })
  return routes
}

function startMemoryBroker(config: Config, scheduler: Scheduler, background: Task<unknown>[]): MemoryBroker {
  const broker = new MemoryBroker({
    history: { messages: config.historyMessages, bytes: config.historyBytes, ageMs: config.historyAgeMs },
    totalBytes: config.historyTotalBytes,
    maxTopics: config.maxTopics,
    topicTtlMs: config.topicTtlMs,
    clock: Date.now,
    now: () => performance.now(),
    randomId: randomIds(),
  })
  const sweeper = scheduler.run(() => broker.sweep())
  sweeper.label = 'sweeper of the memory broker'
  background.push(sweeper)
  return broker
}

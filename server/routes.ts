// The routes, with their guards: everything that an engine answers over HTTP, registered in one order for the server that
// stands alone and for the plugin.

import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { Admissions } from './access/admission.ts'
import { type Authorize, askedRights } from './access/asked-rights.ts'
import { guardRate } from './access/client-rate.ts'
import { openBearers } from './access/open-bearers.ts'
import { adviseAboutProxies } from './access/proxy-advice.ts'
import { siteGuard } from './access/same-site.ts'
import { TopicPatterns } from './access/topic-pattern.ts'
import { administrationRoutes } from './admin/administration.ts'
import { benchmarkRoutes } from './admin/benchmarks.ts'
import { controlRoutes } from './admin/control.ts'
import { messageRoutes } from './admin/messages.ts'
import { sampleRoutes } from './admin/samples.ts'
import type { Engine } from './engine.ts'
import { prefixOf } from './http/base-path.ts'
import { wantBodies } from './http/bodies.ts'
import { endKeepAlive } from './http/closing.ts'
import { letOriginsRead } from './http/cross-origin.ts'
import { docsRoutes } from './http/docs-page.ts'
import { answerErrors, answerWrongMethods } from './http/error-replies.ts'
import { takeExpectations } from './http/expectations.ts'
import { FastPath } from './http/fast-path/fast-path.ts'
import { healthRoutes } from './http/health.ts'
import { describeRoutes, openApiRoutes } from './http/openapi.ts'
import { pageRoutes } from './http/pages.ts'
import { compileValidator } from './http/validation.ts'
import { logRequests } from './observe/access-log.ts'
import { metricsRoute } from './observe/metrics-route.ts'
import { Notices } from './observe/notices.ts'
import { hostBehind } from './process/hosts.ts'
import { packageRoot, version } from './process/package-root.ts'
import { Cacheable } from './protocols/encke/cacheable.ts'
import { eventReading } from './protocols/encke/event-reading.ts'
import { eventRoutes } from './protocols/encke/events.ts'
import { LocalPresence } from './protocols/encke/local-presence.ts'
import { longPollRoutes } from './protocols/encke/long-poll.ts'
import { longPolling } from './protocols/encke/poll.ts'
import type { PresenceChange, PresenceStore } from './protocols/encke/presence.ts'
import { PresenceChanges } from './protocols/encke/presence-changes.ts'
import { presenceRoutes } from './protocols/encke/presence-routes.ts'
import { publishRoutes } from './protocols/encke/publish.ts'
import { sharedPolling } from './protocols/encke/shared-poll.ts'
import { SharedPresence } from './protocols/encke/shared-presence.ts'
import { topicRoutes } from './protocols/encke/topic.ts'
import { streamsRoutes } from './protocols/streams/streams.ts'

/** What is different between a server of its own and a part of somebody's application. */
export interface Surroundings {
  /** The server that is ours alone: its connections are counted, and polls may repeat on them past Node's HTTP. */
  readonly server: Server | undefined
  /** Whether hooks of others want to see every request and every reply. */
  readonly hasOtherHooks: () => boolean
  /** Whether the host is looked at also when `--public-hosts` names none. */
  readonly guardsHost: boolean
  readonly hasAdministration: boolean
  /** The logger whose level administrators may change. */
  readonly logger: { level: string }
  readonly hasPages: boolean
  /** Decides on rights, instead of keys and tokens. */
  readonly authorize?: Authorize | undefined
}

/** What the one who closes the server has to know. */
export interface Owing {
  /** Whether a reply is still to leave. */
  owesReplies(): boolean
}

export async function registerRoutes(app: FastifyInstance, engine: Engine, around: Surroundings): Promise<Owing> {
  const { config, scheduler, hub, draining, waitingRoom, pipelining, eventStreams, identity, rate } = engine
  const { observations } = engine
  const { traffic } = observations
  const { server, hasOtherHooks } = around
  const routes = collectRoutes(app)
  if (server !== undefined) traffic.watch(server)
  const inBackground: Engine['inBackground'] = (label, body) => engine.inBackground(label, body)
  const admissions = new Admissions(app, {
    identity,
    keyring: engine.keyring,
    bearers: openBearers(config, { ...engine, warn: (line) => app.log.warn(line), inBackground }),
    askedRights: around.authorize === undefined ? null : askedRights(around.authorize, engine),
    mayVerify: (client) => rate?.mayAsk(client) ?? true,
    observer: traffic,
    clock: engine.clock,
    readmit: () => fastPath?.readmit() ?? null,
  })
  const isOff = () => !config.fastPath || config.accessLog || hasOtherHooks() || draining.begun.isOpen
  const fastPath = server && new FastPath({ scheduler, server, admissions, isOff })
  engine.inBackground('watcher of stalled replies', () => pipelining.endStalled(traffic.sockets))
  const presence = keepPresence(app, engine)
  const wrote = (takenAt: number) => observations.wrote(takenAt)
  const pollParts = {
    hub,
    draining,
    waitingRoom,
    presence,
    hasOtherHooks,
    wrote,
  }

  if (config.accessLog) logRequests(app)
  app.setValidatorCompiler(compileValidator)
  pipelining.bound(app)
  adviseAboutProxies(app, { ...config, identity })
  wantBodies(app)
  endKeepAlive(app, draining)
  await letOriginsRead(app, config.origins)
  if (server !== undefined) takeExpectations(app)
  admissions.add(siteGuard({ ...config, guardsHost: around.guardsHost || config.publicHosts.length > 0 }))
  if (rate !== undefined) admissions.add(await guardRate(app, rate))
  const notices = new Notices(app.log, engine.clock)
  observations.timeline.onSample(() => notices.look(hub.broker.health))
  answerErrors(app, ({ code }, request) => {
    traffic.failed(code)
    notices.refused(code, request?.admission?.client)
  })
  await describeRoutes(app, version, prefixOf(config.basePath))

  await app.register(publishRoutes, { ...config, scheduler, hub, draining, fastPath, hasOtherHooks })
  await app.register(longPollRoutes, {
    ...config,
    limits: config,
    scheduler,
    longPoll: longPolling(pollParts),
    privatePoll: longPolling({ ...pollParts, cacheControl: 'private, no-store' }),
    sharedPoll: sharedPolling(pollParts),
    cacheable: new Cacheable(new TopicPatterns(config.cacheable), config),
    pipelining,
    fastPath,
    keepsRequests: hasOtherHooks,
  })
  await app.register(eventRoutes, {
    limits: config,
    scheduler,
    readEvents: eventReading({ hub, draining, waitingRoom, presence, eventStreams, limit: config.limitDefault, wrote }),
    keepsRequests: hasOtherHooks,
  })
  await app.register(presenceRoutes, { scheduler, hub, presence })
  await app.register(topicRoutes, { scheduler, hub })
  await app.register(streamsRoutes, {
    ...config,
    prefix: config.streamsPrefix,
    scheduler,
    hub,
    draining,
    waitingRoom,
    eventStreams,
    fastPath,
    hasOtherHooks,
    isLetInByApplication: around.authorize !== undefined,
    wrote,
    holdMs: config.waitDefaultSeconds * 1_000,
  })
  if (around.hasAdministration) {
    const host = hostBehind(engine.host)
    await app.register(administrationRoutes, { scheduler, hub, traffic })
    await app.register(controlRoutes, { scheduler, hub, draining, logger: around.logger, inBackground })
    await app.register(messageRoutes, engine)
    await app.register(sampleRoutes, {
      ...engine,
      timeline: observations.timeline,
      tell: (topic, json) => engine.localTopics.tell(topic, json),
    })
    await app.register(benchmarkRoutes, { ...config, host, scheduler, draining, eventStreams })
  }
  await app.register(healthRoutes, { draining, broker: hub.broker })
  await app.register(metricsRoute, { observations, hub, scheduler, draining, version })
  await app.register(openApiRoutes)
  if (around.hasPages) {
    const folders = pageFolders()
    await app.register(docsRoutes, { folders })
    await app.register(pageRoutes, { folders })
  }
  answerWrongMethods(app, routes)
  return { owesReplies: () => (fastPath?.hasWaiting ?? false) || traffic.isLeaving }
}

/** A published package has the pages' programs made small, beside its code; in a checkout both are the same folder. */
function pageFolders(): string[] {
  return [...new Set([join(import.meta.dirname, '../public'), join(packageRoot, 'public')])]
}

/** Know who is on which topic, of this node or of all that share the broker, and tell it. */
function keepPresence(app: FastifyInstance, engine: Engine): PresenceStore {
  const { config, clock, localTopics } = engine
  const tell = (topic: string, data: string, key?: string) => localTopics.tell(topic, data, key)
  const report = (error: unknown) => app.log.error(error, 'a change of presence was not told')
  const changes = new PresenceChanges({ tell, report })
  const options = {
    leaseMs: config.presenceLeaseSeconds * 1_000,
    mostMembers: config.maxPresence,
    clock,
    now: Date.now,
    changed: (topic: string, change: PresenceChange, key?: string) => changes.add(topic, change, key),
  }
  engine.inBackground('changes of presence', () => changes.write())
  if (engine.broker.isShared !== true) {
    const presence = new LocalPresence(options)
    engine.inBackground('leases of presence', () => presence.watch())
    return presence
  }
  const node = randomBytes(12).toString('base64url')
  const presence = new SharedPresence({ ...options, node, broker: localTopics, tell, report })
  for (const body of presence.background) engine.inBackground('presence of all nodes', body)
  return presence
}

/** Which methods each path has, so that the others can be answered with 405. */
function collectRoutes(app: FastifyInstance): ReadonlyMap<string, ReadonlySet<string>> {
  const routes = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, routePath, method }) => {
    // The route of preflights is no path: what is not found elsewhere is 404 there too.
    if (routePath === '*') return
    // Below the prefix of `app`: what is registered with a prefix of its own, as the page of the document is, has it here.
    const path = url.slice(app.prefix.length)
    const methods = routes.get(path) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    routes.set(path, methods)
  })
  return routes
}

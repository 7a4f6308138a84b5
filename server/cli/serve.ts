// encke serve: reads the configuration, listens, says where, and drains when told to stop.

import { readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import type { Server as TlsServer } from 'node:tls'
import { wantsTokens } from '../access/open-bearers.ts'
import { TopicPatterns } from '../access/topic-pattern.ts'
import { type App, buildApp } from '../app.ts'
import { type Config, changedOptions, explainListenFailure, loadConfig, showConfig } from '../config.ts'
import { prefixOf } from '../http/base-path.ts'
import { version } from '../process/package-root.ts'
import { letMemoryBeReduced } from '../process/quiet-memory.ts'
import { keptAdminToken } from './admin-token.ts'
import { bannerFor, type Ready, readyLine } from './banner.ts'

/** Print the configuration as a file has it, without secrets. @throws ConfigError with every complaint there is */
export function printConfig(argv: readonly string[], env: NodeJS.ProcessEnv): void {
  process.stdout.write(`${JSON.stringify(showConfig(loadConfig(argv, env)), null, 2)}\n`)
}

/** Serve until a signal comes. @throws ConfigError with every complaint there is */
export async function serve(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const given = loadConfig(argv, env)
  const warnings: string[] = []
  const adminToken = given.adminToken ?? keptAdminToken(given.broker, (line) => warnings.push(line))
  const config = adminToken === undefined ? given : { ...given, adminToken }
  const app = await buildApp(config)
  for (const line of warnings) app.http.log.warn(line)
  await listen(app, config)
  // Before the banner: whoever has read it may send a signal.
  stopOnSignals(app)
  renewCertificate(app, config)
  letMemoryBeReduced()
  const changed = changedOptions(given)
  if (Object.keys(changed).length > 0) app.http.log.info(changed, 'configuration: what is not as usual')
  const ready = {
    version,
    url: `${app.http.listeningOrigin}${prefixOf(config.basePath)}`,
    adminToken: app.adminToken,
    broker: config.broker,
    startMs: performance.now(),
    reading: readingOf(config),
  }
  process.stdout.write(process.stdout.isTTY ? bannerFor(ready) : readyLine(ready, Date.now()))
  flushCompileCache()
}

/** What a reader of the topic `hello` has to present. */
function readingOf(config: Config): NonNullable<Ready['reading']> {
  if (new TopicPatterns(config.anonymousSubscribe).matches('hello')) return 'nothing'
  if (wantsTokens(config)) return 'token'
  return config.subscribeKey === undefined ? 'nothing' : 'key'
}

async function listen(app: App, { host, port }: Config): Promise<void> {
  const { logger } = app
  const { level } = logger
  // Fastify would say that it listens; that is what the banner is for.
  logger.level = 'silent'
  try {
    await app.http.listen({ host, port })
  } catch (error) {
    await app.close()
    throw explainListenFailure(error, { host, port }) ?? error
  } finally {
    logger.level = level
  }
}

/** The first signal drains, a second one answers the rest at once; either way the process ends by itself, with 0. */
function stopOnSignals(app: App): void {
  const { log } = app.http
  let isStopping = false
  const stop = () => {
    if (isStopping) {
      log.info('a second signal: the rest is answered now')
      return app.hurry()
    }
    isStopping = true
    const begunMs = performance.now()
    const { waiting } = app.draining
    log.info({ waiting }, `draining ${waiting} waiting ${waiting === 1 ? 'request' : 'requests'}`)
    void app.drain().then(() => {
      const seconds = Math.round((performance.now() - begunMs) / 100) / 10
      log.info({ seconds }, `drained in ${seconds} s`)
      process.exit(0)
    })
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Until now a signal has ended the process at once (server/process/first.cjs): there was nothing to finish.
    process.removeAllListeners(signal)
    process.on(signal, stop)
  }
}

/** A certificate that was renewed is read at SIGHUP; one that is broken is complained about, and the old one stays. */
function renewCertificate(app: App, { tlsCert, tlsKey }: Config): void {
  if (tlsCert === undefined || tlsKey === undefined) return
  process.on('SIGHUP', () => {
    try {
      const server = app.http.server as unknown as TlsServer
      server.setSecureContext({ cert: readFileSync(tlsCert), key: readFileSync(tlsKey) })
      app.http.log.info('the certificate was read again')
    } catch (error) {
      app.http.log.error(error, 'the certificate cannot be read again: the one before stays')
    }
  })
}

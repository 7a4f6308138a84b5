// The process: reads the configuration, listens, prints where, and drains when told to stop.

import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'
import type { App } from './app.ts'
import type { Config } from './config.ts'
import { packageRoot, version } from './process/package-root.ts'

// Types are stripped and code is compiled once for all starts. So what is imported comes after this, or it would not be
// in the cache; where the folder cannot be written it starts as before.
enableCompileCache(join(packageRoot, 'node_modules/.cache/node'))
const { buildApp } = await import('./app.ts')
const { askedFor, ConfigError, explainListenFailure, readConfig, usage } = await import('./config.ts')
const { letMemoryBeReduced } = await import('./process/quiet-memory.ts')

await main(process.argv.slice(2))

async function main(argv: string[]): Promise<void> {
  const asked = askedFor(argv)
  if (asked === 'help') return void process.stdout.write(usage())
  if (asked === 'version') return void process.stdout.write(`${version}\n`)
  try {
    const config = readConfig(argv, durableUnlessToldOtherwise(process.env))
    const app = await buildApp(config)
    await listen(app, config)
    // Before the banner: whoever has read it may send a signal.
    stopOnSignals(app)
    letMemoryBeReduced()
    process.stdout.write(banner(app, config))
    flushCompileCache()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const complaint of error.complaints) process.stderr.write(`encke: ${complaint}\n`)
    process.exitCode = error.exitCode
  }
}

/** A program that takes the server apart begins in memory; whoever starts the command wants to find everything again. */
function durableUnlessToldOtherwise(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env.ENCKE_BROKER?.trim() ? env : { ...env, ENCKE_BROKER: 'sqlite:data/encke.db' }
}

async function listen(app: App, { host, port }: Config): Promise<void> {
  try {
    await app.http.listen({ host, port })
  } catch (error) {
    await app.close()
    throw explainListenFailure(error, { host, port }) ?? error
  }
}

/** The first signal drains, a second one answers the rest at once; either way the process ends by itself, with 0. */
function stopOnSignals(app: App): void {
  let isStopping = false
  const stop = () => {
    if (isStopping) return app.hurry()
    isStopping = true
    void app.drain().then(() => process.exit(0))
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Until now a signal has ended the process at once (server/process/first.cjs): there was nothing to finish.
    process.removeAllListeners(signal)
    process.on(signal, stop)
  }
}

function banner(app: App, config: Config): string {
  const address = app.http.listeningOrigin
  const token = config.adminToken === undefined ? app.adminToken : 'the one that it was given'
  return [
    `Encke ${version} listens on ${address}`,
    '',
    `  wait      curl '${address}/messages?topic=hello'`,
    `  publish   curl -d '"world"' -H 'Content-Type: application/json' '${address}/publish?topic=hello'`,
    '',
    `  admin     ${address}/admin/statistics`,
    `  token     ${token}`,
    '',
    '  Ctrl-C answers the requests that wait and stops; twice, at once.',
    '',
  ].join('\n')
}

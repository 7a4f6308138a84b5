// The process: `encke <command> …`. The first word is the command; without one it serves.

import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { packageRoot, version } from './process/package-root.ts'

// Types are stripped and code is compiled once for all starts. So what is imported comes after this, or it would not be
// in the cache; where the folder cannot be written it starts as before.
enableCompileCache(join(packageRoot, 'node_modules/.cache/node'))
const { commands, usage } = await import('./cli/commands.ts')
const { runMain } = await import('./cli/run-main.ts')

await runMain(process.argv.slice(2), { commands, usage: () => usage(version), version })

// The circles that are left among files, each with the reason why it is right. A new one fails here.

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { circlesAmong } from './circles.ts'

const top = fileURLToPath(new URL('..', import.meta.url))

const known = {
  runtime: [
    // A scheduler steps tasks, a task belongs to a scope, and a scope spawns tasks that its scheduler starts: one machine.
    ['runtime/core/scheduler.ts', 'runtime/core/scope.ts', 'runtime/core/task.ts'],
    // What passes between components names components; and one process's exit another one's.
    ['runtime/models/axon/component.ts', 'runtime/models/axon/ipc.ts'],
    ['runtime/models/erlang/exit.ts', 'runtime/models/erlang/process.ts'],
    // A process's life ends in its ties, its ties end other lives, and a name is a tie that a life gives up.
    ['runtime/models/erlang/life.ts', 'runtime/models/erlang/names.ts', 'runtime/models/erlang/ties.ts'],
    // A microthread is stepped through its operations, which park it.
    ['runtime/models/microthread-operation.ts', 'runtime/models/microthread.ts'],
  ],
  // A hub makes subscriptions, and a subscription reads on by its hub.
  server: [['server/hub/hub.ts', 'server/hub/subscription.ts']],
}

function sourcesBelow(folder: string) {
  return readdirSync(`${top}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ path: `${folder}/${file}`, text: readFileSync(`${top}${folder}/${file}`, 'utf8') }))
}

describe('the circles of imports', () => {
  it('in the runtime are the ones that are known', () => {
    expect(circlesAmong(sourcesBelow('runtime'))).toEqual(known.runtime)
  })

  it('in the server are the ones that are known', () => {
    expect(circlesAmong(sourcesBelow('server'))).toEqual(known.server)
  })

  it('are found, by way of others and by a type alone', () => {
    const file = (path: string, ...imports: string[]) => ({
      path,
      text: imports.map((other) => `import type { A } from './${other}'`).join('\n'),
    })
    const files = [file('a/a.ts', 'b.ts'), file('a/b.ts', 'c.ts'), file('a/c.ts', 'a.ts', 'd.ts'), file('a/d.ts')]
    expect(circlesAmong(files)).toEqual([['a/a.ts', 'a/b.ts', 'a/c.ts']])
    expect(circlesAmong(files.slice(1))).toEqual([])
  })
})

// The scripts, whole.

import { Script } from '../connection.ts'
import { append } from './append.ts'
import { beginFork, create, draft, endFork, remove } from './lifecycle.ts'
import { introduction, prelude } from './prelude.ts'
import { history, listForks, look } from './reading.ts'

const whole = (text: string) => new Script(`${prelude}\n${text}`)

export const scripts = {
  introduction: new Script(introduction),
  append: whole(append),
  create: whole(create),
  draft: whole(draft),
  remove: whole(remove),
  beginFork: whole(beginFork),
  endFork: whole(endFork),
  look: whole(look),
  history: whole(history),
  listForks: whole(listForks),
} as const

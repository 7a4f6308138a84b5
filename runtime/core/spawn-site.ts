// Debug mode: where in the program a coroutine was spawned, and a scope was opened.

/** The folder of the runtime, which is the one above this file's. */
const top = plain((import.meta as { readonly url?: string }).url ?? '').replace(/[^/]*\/[^/]*$/, '')

/** The runtime's own files: at the top, and in these two. `models/` and `programs/` are programs like any other. */
const own = /^(?:core\/|testing\/)?[^/]*$/

/** File and line of the innermost caller that is not the runtime itself, where `at` was made. */
export function programFrame(at: Error): string | null {
  for (const frame of framesOf(at)) {
    const { file, line } = placeOf(frame)
    if (file !== undefined && !isOwn(file)) return `${file}:${line}`
  }
  return null
}

/**
 * Add to the stack of `error`, which leaves a scope, the frames of those who called for the scope: the scheduler steps its
 * body by itself, so that they are on no stack. `opened` is an error that was made where the scope was.
 */
export function addCallers(error: unknown, opened: Error): void {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return
  const callers: string[] = []
  for (const frame of framesOf(opened)) {
    const { file } = placeOf(frame)
    if (file === undefined) continue
    if (!isOwn(file)) callers.push(frame)
    // Below them the scheduler comes again, and whoever has started it.
    else if (callers.length > 0) break
  }
  const more = `\n    in a scope that was opened\n${callers.join('\n')}`
  // One error may leave many scopes, the same ones again and again: its stack must not grow without end.
  if (callers.length === 0 || error.stack.length > longestStack || error.stack.includes(more)) return
  Reflect.set(error, 'stack', `${error.stack}${more}`)
}

const longestStack = 10_000

function framesOf({ stack = '' }: Error): string[] {
  return stack.split('\n').slice(1)
}

/** `at name (file:1:2)` and `at file:1:2` in V8, `name@file:1:2` elsewhere. */
function placeOf(frame: string): { file?: string; line?: string } {
  const place = frame.replace(/^.*\(|^\s*at (async )?|^[^@/]*@/, '').replace(/\)$/, '')
  const [, file, line] = /^(.*):(\d+):\d+$/.exec(place) ?? []
  return file === undefined || line === undefined ? {} : { file: plain(file), line }
}

function isOwn(file: string): boolean {
  return top !== '' && file.startsWith(top) && own.test(file.slice(top.length))
}

function plain(url: string): string {
  return url.replace(/^file:\/\//, '')
}

// Debug mode: where in the program a coroutine was spawned.

/** The folder of the runtime, which is the one above this file's. */
const top = plain((import.meta as { readonly url?: string }).url ?? '').replace(/[^/]*\/[^/]*$/, '')

/** The runtime's own files: at the top, and in these two. `models/` and `programs/` are programs like any other. */
const own = /^(?:core\/|testing\/)?[^/]*$/

/** File and line of the innermost caller that is not the runtime itself, where `at` was made. */
export function programFrame({ stack = '' }: Error): string | null {
  for (const frame of stack.split('\n').slice(1)) {
    // `at name (file:1:2)` and `at file:1:2` in V8, `name@file:1:2` elsewhere.
    const place = frame.replace(/^.*\(|^\s*at (async )?|^[^@/]*@/, '').replace(/\)$/, '')
    const [, file, line] = /^(.*):(\d+):\d+$/.exec(place) ?? []
    if (file !== undefined && !isOwn(plain(file))) return `${plain(file)}:${line}`
  }
  return null
}

function isOwn(file: string): boolean {
  return top !== '' && file.startsWith(top) && own.test(file.slice(top.length))
}

function plain(url: string): string {
  return url.replace(/^file:\/\//, '')
}

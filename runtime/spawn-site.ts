// Debug mode: where in the program a coroutine was spawned.

/** The folder of the runtime's own files; `models/` and `programs/` below it are programs like any other. */
const core = plain((import.meta as { readonly url?: string }).url ?? '').replace(/[^/]*$/, '')

/** File and line of the innermost caller that is not the runtime itself. */
export function spawnSite(): string | null {
  const { stack = '' } = new Error('spawned here')
  for (const frame of stack.split('\n').slice(1)) {
    // `at name (file:1:2)` and `at file:1:2` in V8, `name@file:1:2` elsewhere.
    const place = frame.replace(/^.*\(|^\s*at (async )?|^[^@/]*@/, '').replace(/\)$/, '')
    const [, file, line] = /^(.*):(\d+):\d+$/.exec(place) ?? []
    if (file !== undefined && !isCore(plain(file))) return `${plain(file)}:${line}`
  }
  return null
}

function isCore(file: string): boolean {
  return core !== '' && file.startsWith(core) && !file.slice(core.length).includes('/')
}

function plain(url: string): string {
  return url.replace(/^file:\/\//, '')
}

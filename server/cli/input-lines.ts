// The lines of standard input or of a file. Only a line feed ends a line, and the carriage return before it belongs to its end:
// `readline` also cuts at U+2028 and U+2029, which stand unescaped in texts and in JSON.

import type { Readable } from 'node:stream'

/** The lines of `input`, the last one also without its end. Once `signal` is aborted it ends, and drops the line that it was in. */
export async function* linesOf(input: Readable, signal: AbortSignal): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  let rest = ''
  const stop = () => void input.destroy()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of input) {
      const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
      rest += text
      // A line of many chunks is joined once, not with each of them.
      if (!text.includes('\n')) continue
      const lines = rest.split('\n')
      rest = lines.pop() as string
      for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
  rest += decoder.decode()
  if (rest !== '' && !signal.aborted) yield rest
}

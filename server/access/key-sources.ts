// Where public keys are loaded from: a file, or an address of a JSON Web Key Set.

import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { readKeySet, readPublicKeys, type VerifyingKey } from './verifying-key.ts'

/** How long fetching keys may take, in milliseconds. */
const fetchMs = 5_000

/** A hundred certificates fit into so many bytes. */
const mostBytes = 512 * 1024

/** Read the keys of a file now. @throws Error saying why it cannot be */
export function keysInFile(path: string): VerifyingKey[] {
  return naming(path, () => readPublicKeys(readFileSync(path, 'utf8')))
}

/** Read the keys of a file anew. */
export async function loadFile(path: string): Promise<VerifyingKey[]> {
  const text = await readFile(path, 'utf8')
  return naming(path, () => readPublicKeys(text))
}

/** Fetch the keys at an address. @throws Error saying why it cannot be, with nothing of what came */
export async function fetchKeys(address: string, timeLimitMs = fetchMs): Promise<VerifyingKey[]> {
  const { origin, pathname } = new URL(address)
  try {
    return readKeySet(await fetchText(address, timeLimitMs))
  } catch (error) {
    // The query of an address may be a secret.
    throw new Error(`${origin}${pathname}: ${reasonOf(error as Error, timeLimitMs)}`, { cause: error })
  }
}

async function fetchText(address: string, timeLimitMs: number): Promise<string> {
  const signal = AbortSignal.timeout(timeLimitMs)
  const response = await fetch(address, { signal, redirect: 'error', headers: { accept: 'application/json' } })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the answer has the status ${response.status}`)
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new Error(`the answer has more than ${mostBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function reasonOf({ name, message, cause }: Error, timeLimitMs: number): string {
  if (name === 'TimeoutError') return `no answer within ${timeLimitMs} ms`
  const code = (cause as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? `${message} (${code})` : message
}

function naming<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error })
  }
}

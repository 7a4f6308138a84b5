// The readers: text in; out comes the value in its one spelling, or what did not fit, quoted.

import { BlockList, isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { clip } from '../errors.ts'

/** What stands for a secret where a configuration is shown. */
export const notShown = '(set, not shown)'

export type Parsed<T> = { readonly value: T } | { readonly misfit: string }

function misfit(given: string): { misfit: string } {
  return { misfit: clip(given) }
}

export function readInteger(text: string, min: number, max: number): Parsed<number> {
  const value = Number(text)
  return /^\d+$/.test(text) && value >= min && value <= max ? { value } : misfit(text)
}

export function readToggle(text: string): Parsed<boolean> {
  const word = text.toLowerCase()
  if (['on', 'true', 'yes', '1'].includes(word)) return { value: true }
  return ['off', 'false', 'no', '0'].includes(word) ? { value: false } : misfit(text)
}

// It has to survive as the value of a header, where anything else is trimmed, mangled or refused.
export function readSecret(text: string): Parsed<string> {
  // A printed configuration, used as it stands: everybody would know the secret.
  if (text === notShown) return { misfit: 'the placeholder of --print-config' }
  return /^[!-~]([ -~]*[!-~])?$/.test(text) ? { value: text } : { misfit: 'something else, not shown' }
}

export function readList(text: string, readItem: (item: string) => Parsed<string>): Parsed<readonly string[]> {
  const values = new Set<string>()
  for (const item of text.split(/[\s,]+/).filter(Boolean)) {
    const parsed = readItem(item)
    if ('misfit' in parsed) return parsed
    values.add(parsed.value)
  }
  return values.size > 0 ? { value: Object.freeze([...values]) } : misfit(text)
}

export function readHost(text: string): Parsed<string> {
  const bare = text.replace(/^\[(.+)\]$/, '$1').toLowerCase()
  return isIP(bare) > 0 ? { value: bare } : readHostName(text)
}

export function readBasePath(text: string): Parsed<string> {
  return /^(\/[\w.~-]+)+$|^\/$/.test(text) && !/\/\.{1,2}(\/|$)/.test(text) ? { value: text } : misfit(text)
}

// A name whose last label is a number would be looked up as an IPv4 address in short form: 8080 is 0.0.31.144.
export function readHostName(text: string): Parsed<string> {
  // Letters of any language, but nothing else: domainToASCII would cut a path or a port off and decode a %.
  const name = /^[\p{L}\p{M}\p{N}._-]+$/u.test(text) ? domainToASCII(text) : ''
  const isName =
    name.length <= 253 && name.split('.').every((label) => /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label))
  return isName && !/(^|\.)\d+$/.test(name) ? { value: name } : misfit(text)
}

// Compared with what a browser sends: lower case, no default port, no path. Schemes of apps (capacitor://) have no `origin`.
export function readOrigin(text: string): Parsed<string> {
  const url = URL.parse(text)
  if (url === null || url.host === '' || url.host.includes('*')) return misfit(text)
  const origin = url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin
  return url.href === origin || url.href === `${origin}/` ? { value: origin } : misfit(text)
}

/** Of segments that no URL rewrites. */
export function readPath(text: string): Parsed<string> {
  const path = text.replace(/\/$/, '')
  return /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/.test(path) ? { value: path } : misfit(text)
}

// Names and passwords in it would end up in logs, and fetch refuses them.
export function readAddress(text: string): Parsed<string> {
  const url = URL.parse(text)
  const isAddress = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  return isAddress ? { value: url.href } : { misfit: 'something else, not shown' }
}

export function readTrustProxy(text: string): Parsed<false | number | readonly string[]> {
  if (!/^\d+$/.test(text)) return readList(text, readAddressBlock)
  const hops = readInteger(text, 0, 100)
  return 'value' in hops && hops.value === 0 ? { value: false } : hops
}

function readAddressBlock(text: string): Parsed<string> {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  const bits = prefix === undefined ? { value: 1 } : readInteger(prefix, 1, family === 4 ? 32 : 128)
  return family > 0 && rest.length === 0 && 'value' in bits ? { value: text } : misfit(text)
}

/** Whether only this machine can reach `host`. */
export function isLoopback(host: string): boolean {
  const family = isIP(host)
  if (family === 0) return host === 'localhost'
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8, 'ipv4')
  loopback.addAddress('::1', 'ipv6')
  return loopback.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

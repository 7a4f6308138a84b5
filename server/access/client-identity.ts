// Who a client is, for limits and for operators: one client is one text, however its address is written.
//
// An address has no port and no zone, IPv4 mapped into IPv6 is IPv4, and of IPv6 the first 64 bits count: one household or
// one machine is given that many, and can use any address in them.

import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** False, the number of proxies in front, or their addresses and CIDR blocks. */
export type TrustedProxies = false | number | readonly string[]

/** Texts whose address is remembered; above it all are forgotten. */
const mostTexts = 4_096

/** The longest text that can be an address, with its zone and its port. */
const longestText = 100

interface Address {
  /** Its one spelling. */
  readonly text: string
  readonly client: string
}

const unknown: Address = { text: 'unknown', client: 'unknown' }

export class ClientIdentity {
  readonly #isTrusted: (address: string, hop: number) => boolean
  /** Reading an address costs a good part of a microsecond, and most requests come from where others came from. */
  readonly #addresses = new Map<string, Address | undefined>()

  constructor(trustedProxies: TrustedProxies) {
    this.#isTrusted = trusting(trustedProxies)
  }

  /** The client that sent `request`: who connects to us, or whom the trusted proxies in front name. */
  of({ socket, headers }: IncomingMessage): string {
    let address = this.#read(socket.remoteAddress ?? '') ?? unknown
    const named = headers['x-forwarded-for'] as string | undefined
    let end = named?.length ?? -1
    for (let hop = 0; end >= 0 && this.#isTrusted(address.text, hop); hop += 1) {
      const start = (named as string).lastIndexOf(',', end - 1) + 1
      // A hop without an address ends the walk: such texts can be made up without end, and each would have limits of its own.
      const next = this.#read((named as string).slice(start, end))
      if (next === undefined) break
      address = next
      end = start - 1
    }
    return address.client
  }

  /** Whether who connects as `address` may name the client. */
  trusts(address: string, hop: number): boolean {
    return this.#isTrusted((this.#read(address) ?? unknown).text, hop)
  }

  #read(text: string): Address | undefined {
    if (text.length > longestText) return undefined
    let address = this.#addresses.get(text)
    if (address === undefined && !this.#addresses.has(text)) {
      address = readAddress(text)
      if (this.#addresses.size >= mostTexts) this.#addresses.clear()
      this.#addresses.set(text, address)
    }
    return address
  }
}

function trusting(proxies: TrustedProxies): (address: string, hop: number) => boolean {
  if (proxies === false) return () => false
  if (typeof proxies === 'number') return (_address, hop) => hop < proxies
  const blocks = new BlockList()
  for (const block of proxies) {
    const [address = '', prefix] = block.split('/')
    const family = familyOf(address)
    if (prefix === undefined) blocks.addAddress(address, family)
    else blocks.addSubnet(address, Number(prefix), family)
  }
  return (address) => isIP(address) !== 0 && blocks.check(address, familyOf(address))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

function readAddress(text: string): Address | undefined {
  const address = spelled(text)
  return address === undefined ? undefined : { text: address, client: clientAt(address) }
}

/** The address in its one spelling; undefined when `text` is none. */
function spelled(text: string): string | undefined {
  const bare = text.trim().replace(/^"(.*)"$/, '$1')
  const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(bare) ?? []
  const address = bracketed ?? bare.replace(/^([\d.]+):\d+$/, '$1')
  if (isIP(address) === 4) return bracketed === undefined ? address : undefined
  const [unzoned = ''] = address.split('%', 1)
  if (isIP(unzoned) !== 6) return undefined
  const groups = groupsOf(unzoned)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (isMapped)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.')
  return groups.map((group) => group.toString(16)).join(':')
}

/** The eight groups of an IPv6 address that is one. */
function groupsOf(address: string): number[] {
  const inHex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes) => {
    const [a, b, c, d] = bytes.slice(0, 4).map(Number) as [number, number, number, number]
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  })
  const [front = [], back = []] = inHex.split('::').map((part) => part.split(':').filter(Boolean))
  const gap = Array(8 - front.length - back.length).fill('0')
  return [...front, ...gap, ...back].map((group) => Number.parseInt(group, 16))
}

function clientAt(address: string): string {
  if (!address.includes(':')) return address
  const groups = address.split(':')
  // What begins with zeros is this machine itself, not a network.
  if (groups.slice(0, 4).every((group) => group === '0')) return address.replace(/^(0:)+/, '::')
  return `${groups.slice(0, 4).join(':')}::/64`
}

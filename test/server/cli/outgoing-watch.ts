// A preload that says on standard error what a process connects to, and which names it looks up.

import dns from 'node:dns'
import net from 'node:net'

const { connect } = net.Socket.prototype
net.Socket.prototype.connect = function (this: net.Socket, ...given: unknown[]) {
  const [first] = given.flat() as [{ host?: string; port?: number; path?: string } | number | string]
  const to = typeof first === 'object' ? (first.path ?? `${first.host}:${first.port}`) : first
  process.stderr.write(`outgoing: ${to}\n`)
  return Reflect.apply(connect, this, given)
} as typeof connect

const { lookup } = dns
dns.lookup = ((name: string, ...given: unknown[]) => {
  if (net.isIP(name) === 0 && name !== 'localhost') process.stderr.write(`outgoing: look-up of ${name}\n`)
  return Reflect.apply(lookup, dns, [name, ...given])
}) as typeof lookup

import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { ClientIdentity } from '../../../server/access/client-identity.ts'

const last = new ClientIdentity(1)

function asking(peer: string | undefined, forwarded?: string): IncomingMessage {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return { socket: { remoteAddress: peer }, headers } as unknown as IncomingMessage
}

describe('a client', () => {
  it.each<[string, string[]]>([
    [
      '203.0.113.8',
      [
        '203.0.113.8',
        ' 203.0.113.8 ',
        '203.0.113.8:4711',
        '203.0.113.8:4712',
        '"203.0.113.8:80"',
        '::ffff:203.0.113.8',
        '::FFFF:203.0.113.8',
        '[::ffff:203.0.113.8]:443',
        '::ffff:cb00:7108',
        '0:0:0:0:0:ffff:203.0.113.8',
        '0000:0000:0000:0000:0000:ffff:cb00:7108',
      ],
    ],
    [
      '2001:db8:0:7::/64',
      [
        '2001:db8:0:7::1',
        '2001:DB8:0:7::1',
        '2001:0db8:0000:0007:0000:0000:0000:0001',
        '2001:db8::7:0:0:0:2',
        '2001:db8:0:7:ffff:ffff:ffff:ffff',
        '[2001:db8:0:7::1]',
        '[2001:db8:0:7::1]:443',
        '"[2001:db8:0:7::1]:443"',
        '2001:db8:0:7::1%eth0',
        '[2001:db8:0:7::1%25eth0]:443',
        '2001:db8:0:7::1.2.3.4',
      ],
    ],
    ['2001:db8:0:0::/64', ['2001:db8::', '2001:db8::1', '2001:db8:0:0:1::']],
    ['fe80:0:0:0::/64', ['fe80::1%lo', 'fe80::2']],
    ['::1', ['::1', '0:0:0:0:0:0:0:1', '[::1]:80']],
  ])('is one, however its address is written: %s', (client, texts) => {
    expect(texts.map((text) => last.of(asking('192.0.2.1', text)))).toEqual(texts.map(() => client))
    const bare = texts.filter((text) => !/["[ ]|\.\d+:/.test(text))
    expect(bare.map((text) => last.of(asking(text)))).toEqual(bare.map(() => client))
  })

  it('is another at another address', () => {
    const texts = ['203.0.113.8', '203.0.113.9', '2001:db8::1', '2001:db8:0:1::1', '2001:db9::1', '::1', '::2']
    expect(new Set(texts.map((text) => last.of(asking('192.0.2.1', text)))).size).toBe(texts.length)
  })

  it.each([
    'unknown',
    '_hidden',
    '',
    ' ',
    ',',
    'localhost',
    '203.0.113',
    '203.0.113.256',
    '203.0.113.8:',
    '203.0.113.8:x',
    '203.0.113.8/24',
    '[203.0.113.8',
    '[::1',
    '::1]',
    ':::',
    '2001:db8::1::2',
    '1:2:3:4:5:6:7:8:9',
    'for=203.0.113.8',
    '1'.repeat(100_000),
  ])('is its proxy when that does not name an address: %j', (text) => {
    expect(last.of(asking('192.0.2.1', text))).toBe('192.0.2.1')
  })

  it('is nobody in particular when its connection has gone', () => {
    expect(new ClientIdentity(false).of(asking(undefined))).toBe('unknown')
  })
})

describe('the proxies that may name a client', () => {
  const named = (trusted: false | number | string[], peer: string, forwarded: string) =>
    new ClientIdentity(trusted).of(asking(peer, forwarded))

  it.each<[false | number | string[], string, string, string]>([
    [false, '192.0.2.1', '203.0.113.8', '192.0.2.1'],
    [1, '192.0.2.1', '198.51.100.1, 203.0.113.8', '203.0.113.8'],
    [2, '192.0.2.1', '198.51.100.1, 203.0.113.8', '198.51.100.1'],
    [3, '192.0.2.1', '198.51.100.1, 203.0.113.8', '198.51.100.1'],
    [2, '192.0.2.1', '198.51.100.1, unknown', '192.0.2.1'],
    [2, '192.0.2.1', 'unknown, 203.0.113.8', '203.0.113.8'],
    [['192.0.2.0/24'], '192.0.2.1', '203.0.113.8:4711', '203.0.113.8'],
    [['192.0.2.0/24'], '::ffff:192.0.2.1', '203.0.113.8', '203.0.113.8'],
    [['192.0.2.0/24'], '192.0.2.1', '203.0.113.8, 192.0.2.7:8080', '203.0.113.8'],
    [['192.0.2.1'], '192.0.2.1', '203.0.113.8, 192.0.2.7', '192.0.2.7'],
    [['192.0.2.1'], '198.51.100.1', '203.0.113.8', '198.51.100.1'],
    [['2001:db8:1::/48'], '2001:DB8:1:2::3', '203.0.113.8', '203.0.113.8'],
    [['2001:db8:1::/48'], '2001:db8:2::3', '203.0.113.8', '2001:db8:2:0::/64'],
    [['::1', '127.0.0.1'], '::1', '203.0.113.8', '203.0.113.8'],
  ])('are trusted as told (%j), from %s: %s is %s', (trusted, peer, forwarded, client) => {
    expect(named(trusted, peer, forwarded)).toBe(client)
  })
})

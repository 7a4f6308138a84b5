// Options: who may talk to the server, and how much one client may ask of it.

import { custom, integer, list, milliseconds, secret, text, toggle, words } from '../config/option.ts'
import { readAddress, readHostName, readOrigin, readTrustProxy } from '../config/readers.ts'
import { patternRule, readTopicPattern, TopicPatterns } from './topic-pattern.ts'

export const accessOptions = {
  adminToken: secret(
    'Token for `/admin/…`, which is never open. Without one a new one is made and printed at each start.',
  ),
  publishKey: secret('Key that publishers must send; without it everybody who reaches the server may publish.'),
  subscribeKey: secret('Key that readers must send; without it everybody who reaches the server may read.'),
  tokenSecret: secret(
    'Secret that tokens are signed with by HS256 (JSON Web Tokens); give it 32 random characters or more. With it, or with public keys, publishing and reading want a token.',
  ),
  tokenKeys: text(
    'the path of a file',
    'File of the public keys that tokens are signed with: PEM, a JSON Web Key, or a set of them. It is read again every `--token-keys-max-age-ms`.',
  ),
  tokenJwks: custom<string | undefined>(
    undefined,
    'an address that begins with https:// or http://, without a name and a password in it',
    'Address of a JSON Web Key Set, whose public keys tokens are signed with. While it is down, the last good keys are used.',
    readAddress,
  ),
  tokenKeysMaxAgeMs: milliseconds(
    300_000,
    1_000,
    'How old the public keys may be before they are loaded again: within so long a key that was withdrawn ends what its tokens let in.',
  ),
  tokenAudience: words('Audiences: a token must be for one of them (`aud`); none takes tokens for anybody.'),
  tokenIssuer: words(
    'Issuers: a token must be from one of them (`iss`); none takes tokens of any that its signature fits.',
  ),
  anonymousSubscribe: list(
    `patterns of topics, separated by commas, each ${patternRule}`,
    'Topics that everybody may read, without a key or a token; only reading is let in by it.',
    readTopicPattern,
  ),
  cacheable: list(
    `patterns of topics, separated by commas, each ${patternRule}`,
    'Topics whose polls caches may answer, for many readers at once; they must lie within `--anonymous-subscribe`.',
    readTopicPattern,
  ),
  publicHosts: list(
    'host names, without a port, separated by commas',
    'Names that the server is reached by, beside loopback names and IP addresses; any other `Host` gets 421.',
    readHostName,
  ),
  origins: list(
    'origins such as https://chat.example.com, separated by commas',
    'Origins, beside our own, whose pages may publish and read; a change asked for by any other gets 403.',
    readOrigin,
  ),
  trustProxy: custom<false | number | readonly string[]>(
    false,
    'the number of proxies in front (0 to 100), or their addresses or CIDR blocks, separated by commas',
    'Which hops may name the client in `X-Forwarded-For`; 0 trusts none. Trusting too many lets a client choose its address and so escape its limits.',
    readTrustProxy,
  ),
  clientLimits: toggle(
    true,
    'The limits per client: `--requests-per-second` and `--max-waiting-per-client`. Off lifts those two and no other, for load tests.',
  ),
  requestsPerSecond: integer(
    200,
    1,
    10_000_000,
    'requests',
    'How many requests one client may send in a second; one more gets 429.',
  ),
  maxWaiting: integer(50_000, 1, 10_000_000, 'requests', 'How many requests may wait in all; one more gets 503.'),
  maxWaitingPerClient: integer(
    200,
    1,
    10_000_000,
    'requests',
    'How many requests of one client may wait; one more gets 429.',
  ),
}

/** The first of `patterns` that matches a topic which none of `others` matches. */
export function patternOutside(patterns: readonly string[], others: readonly string[]): string | undefined {
  const within = new TopicPatterns(others)
  return patterns.find((pattern) => !within.covers(pattern))
}

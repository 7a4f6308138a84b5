// What a cache spares the server: `node test/server/protocols/caches-figures.ts [readers]`. Readers of one topic behind Varnish
// and nginx, in both protocols: messages once a second, silence, a drain after which another server takes over. Each reader has
// a connection of its own. What is told are counts, and how much later than a reader without the cache the first one has a
// message; readers, cache and server share the cores of this machine.

import { setTimeout as sleep } from 'node:timers/promises'
import { Behind, caches, type Dialect, dialects } from './behind-cache.ts'

const readers = Number(process.argv[2] ?? 2_000)
const holdSeconds = 5
const perPhase = 10

say('| cache | protocol | phase | requests of readers | of them at the server | requests a second of a reader |')
say('|---|---|---|---|---|---|')
const lags: string[] = []
for (const cache of caches) {
  if (cache.isMissing) say(`| ${cache.name} | is not installed |`)
  else for (const dialect of dialects) await tell(cache, dialect)
}
for (const line of lags) say(line)
process.exit()

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function tell(cache: (typeof caches)[number], dialect: Dialect): Promise<void> {
  const flags = ['--wait-default-seconds', `${holdSeconds}`, '--drain-pause-ms', '0', '--drain-ms', '1000']
  await using behind = await Behind.start(cache, flags)
  const path = await dialect.start(behind.served)
  const last = 2 * perPhase + 1
  const first = new Map<number, number>()
  const direct = new Map<number, number>()
  const note = (times: Map<number, number>) => (data: number) => {
    if (!times.has(data)) times.set(data, performance.now())
  }
  const reading = Array.from({ length: readers }, () => behind.read(dialect, path, last, note(first)))
  const beside = behind.readDirectly(dialect, path, perPhase, note(direct))
  await sleep(3_000)
  let data = 0
  const publish = async () => {
    for (let count = 0; count < perPhase; count += 1) {
      await dialect.publish(behind.served, (data += 1))
      await sleep(1_000)
    }
  }
  const phases: [string, () => Promise<unknown>][] = [
    ['messages', publish],
    ['silence', () => sleep(4 * holdSeconds * 1_000)],
    ['drain and restart', () => behind.restart().then(() => sleep(2_000))],
    ['messages again', publish],
  ]
  for (const [name, play] of phases) {
    const [asked, origin, begun] = [behind.asked, behind.origin, performance.now()]
    await play()
    const [sent, came] = [behind.asked - asked, behind.origin - origin]
    const each = sent / readers / ((performance.now() - begun) / 1_000)
    const share = sent === 0 ? '' : ` (${((100 * came) / sent).toFixed(2)} %)`
    say(`| ${cache.name} | ${dialect.name} | ${name} | ${sent} | ${came}${share} | ${each.toFixed(2)} |`)
  }
  await dialect.publish(behind.served, last)
  await beside
  const wanted = Array.from({ length: last }, (_, at) => at + 1).join()
  const wrong = (await Promise.all(reading)).filter((got) => got.join() !== wanted).length
  const late = [...direct].map(([message, at]) => (first.get(message) as number) - at).sort((a, b) => a - b)
  const [middle, most] = [late[Math.floor(late.length / 2)], late.at(-1)].map((ms) => `${ms?.toFixed(0)} ms`)
  lags.push(
    `${cache.name}, ${dialect.name}: the first reader has a message ${middle} after one without the cache, at most ${most}; ${wrong} of ${readers} readers lost or doubled something.`,
  )
}

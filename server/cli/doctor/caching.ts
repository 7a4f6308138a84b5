// Whether something on the path answers in the server's place: the same URL before and after a publish must not give the same.

import { type Finding, Findings } from './finding.ts'
import { jsonIn, type Patient } from './patient.ts'

export async function examineCaching(patient: Patient): Promise<readonly Finding[]> {
  const found = new Findings('caching')
  if (!(await patient.mayPublish()))
    return found.skipped('this token may not publish, and only that shows an old answer').all
  const topic = patient.topicFor('cached')
  const path = `/messages?from=earliest&topic=${encodeURIComponent(topic)}&wait=0`
  const before = await patient.ask(path)
  if (before.status !== 200) return found.skipped(`a poll gets ${before.status}`).all
  await patient.publish(topic, 'fresh')
  const after = await patient.ask(path)
  const { messages } = (jsonIn(after) ?? {}) as { messages?: unknown[] }
  if (messages?.length !== 1) {
    return found.problem(
      'the path keeps answers that are no-store: readers would get old ones again and again. Have it keep nothing of this address, or what the server allows (--cacheable)',
    ).all
  }
  const age = after.headers.get('age')
  if (age !== null && age !== '0')
    found.note(`answers come with Age: ${age}, so there is a cache; it did not keep this one`)
  return found.ok('no answer is kept that must not be').all
}

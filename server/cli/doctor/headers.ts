// Whether headers and paths arrive as they were sent. The server has no echo: its answers tell.

import { type Finding, Findings } from './finding.ts'
import { jsonIn, type Patient } from './patient.ts'

export async function examineHeaders(patient: Patient): Promise<readonly Finding[]> {
  const found = new Findings('headers')
  await examineAuthorization(patient, found)
  await examineReplyHeaders(patient, found)
  await examineSlash(patient, found)
  await examineLongUrl(patient, found)
  if (await patient.mayPublish()) {
    await examineIdempotencyKey(patient, found)
    await examineOrigin(patient, found)
  } else {
    found.skipped('Idempotency-Key and Origin: this token may not publish; give one that may with --token')
  }
  return found.all
}

/** A wrong token gets another sentence than none. */
async function examineAuthorization(patient: Patient, found: Findings): Promise<void> {
  const headers = { authorization: 'Bearer of-the-doctor' }
  const sent = await patient.ask('/admin/statistics', { headers })
  if (sent.status === 404) return void found.skipped('Authorization: there is no administration here to try it on')
  const said = String(jsonIn(sent)?.['message'] ?? '')
  if (sent.status !== 401)
    found.problem(`/admin/ answers ${sent.status} to a wrong token: something in front answers it`)
  else if (/there is none/.test(said))
    found.problem('the path takes the Authorization header away: have the proxy pass it on')
  else found.ok('Authorization arrives')
}

async function examineReplyHeaders(patient: Patient, found: Findings): Promise<void> {
  const { headers } = await patient.ask(`/messages?topic=${encodeURIComponent(patient.topicFor('headers'))}&wait=0`)
  const control = headers.get('cache-control') ?? ''
  if (!/no-store/.test(control)) {
    found.problem(
      `the path changes Cache-Control: a poll was answered with ${control === '' ? 'none' : control} instead of no-store`,
    )
  } else found.ok('Cache-Control comes back as it was sent')
  const type = headers.get('content-type') ?? ''
  if (!type.startsWith('application/json')) found.problem(`the path changes Content-Type to ${type || 'nothing'}`)
}

/** Some proxies decode %2F, and the topic becomes several parts of a path. */
async function examineSlash(patient: Patient, found: Findings): Promise<void> {
  const { status } = await patient.ask(`/topics/${encodeURIComponent(patient.topicFor('slash'))}`)
  if (status === 200) found.ok('%2F in a path arrives')
  else if (status === 401 || status === 403) found.skipped('%2F in a path: this token may not read')
  else found.note('the path decodes %2F: name topics with a slash in the query (?topic=a/b), not in the path')
}

async function examineLongUrl(patient: Patient, found: Findings): Promise<void> {
  const topics = Array.from(
    { length: 60 },
    (_, at) => `topic=${encodeURIComponent(patient.topicFor(`long/${at}/${'x'.repeat(100)}`))}`,
  )
  const { status } = await patient.ask(`/messages?wait=0&${topics.join('&')}`).catch(() => ({ status: 0 }))
  if (status === 200) found.ok('long URLs arrive (60 topics, 10 kB)')
  else if (status === 401 || status === 403) found.skipped('long URLs: this token may not read')
  else found.note(`long URLs do not arrive (${status || 'the connection ends'}): poll many topics by POST /poll`)
}

async function examineIdempotencyKey(patient: Patient, found: Findings): Promise<void> {
  const topic = patient.topicFor('key')
  const key = { 'idempotency-key': 'of-the-doctor' }
  await patient.publish(topic, 1, key)
  const again = jsonIn(await patient.publish(topic, 1, key))
  if (again?.['replayed'] === true) found.ok('Idempotency-Key arrives')
  else found.problem('the path takes the Idempotency-Key header away: a publish that is sent again is published twice')
}

/** What a browser sends from a page of the same address. */
async function examineOrigin(patient: Patient, found: Findings): Promise<void> {
  const { origin, hostname } = new URL(patient.url)
  const { status } = await patient.publish(patient.topicFor('origin'), 1, { origin })
  if (status === 201) found.ok(`pages of ${origin} may publish`)
  else if (status === 403) {
    found.problem(
      `pages of ${origin} may not publish, because the path changes Host: have the proxy pass it on, with --public-hosts ${hostname}, or set --origins ${origin}`,
    )
  } else found.problem(`a publish with the Origin ${origin} gets ${status}`)
}

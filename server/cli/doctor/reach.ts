// Whether Encke answers at all, and by which name it is reached.

import { type Finding, Findings } from './finding.ts'
import { jsonIn, type Patient } from './patient.ts'

/** @throws TypeError when nothing answers */
export async function examineReach(patient: Patient): Promise<readonly Finding[]> {
  const found = new Findings('reach')
  const health = await patient.ask('/healthz')
  const body = jsonIn(health)
  if (body?.['code'] === 'ENCKE_ERR_HOST') {
    const { host, hostname } = new URL(patient.url)
    return found.problem(
      `the server does not go by the name ${host}: add --public-hosts ${hostname} (or have the proxy pass on a Host that it knows)`,
    ).all
  }
  if (health.status >= 300 && health.status < 400) {
    const to = health.headers.get('location') ?? 'elsewhere'
    return found.problem(`${patient.url} sends its clients to ${to}: give that address`).all
  }
  if (health.status !== 200 || body?.['status'] !== 'ok') {
    return found.problem(
      `what answers at ${patient.url}/healthz is not Encke (${health.status}): check the address and its base path, and whether a proxy guards it`,
    ).all
  }
  found.ok(`Encke answers at ${patient.url}`)
  const ready = await patient.ask('/readyz')
  if (ready.status !== 200) found.problem(`it is not ready: ${String(jsonIn(ready)?.['message'] ?? ready.status)}`)
  const skewMs = Date.parse(health.headers.get('date') ?? '') - Date.now()
  if (Math.abs(skewMs) > 5_000) {
    const seconds = Math.round(Math.abs(skewMs) / 1_000)
    found.note(
      `the clocks of the server and of this machine differ by ${seconds} s: tokens and latency figures will be off`,
    )
  }
  return found.all
}

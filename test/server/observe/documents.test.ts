// The dashboard and the alert rules in docs/: whole, and about metrics that there are.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { errorTable } from '../../../server/errors.ts'
import { metricRows } from '../../../server/observe/metric-table.ts'
import { Served } from '../http/served.ts'

const grafana = new URL('../../../docs/grafana.json', import.meta.url)
const alerts = new URL('../../../docs/alerts.yaml', import.meta.url)

/** The metrics that an expression may name. */
async function known(): Promise<{ names: Set<string>; families: Set<string> }> {
  await using server = await Served.start()
  const { observations, hub, scheduler, draining } = server.app
  const rows = metricRows({ observations, hub, scheduler, draining, version: '' })
  const names = rows.flatMap(({ name, kind }) =>
    kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  )
  return { names: new Set(names), families: new Set(rows.map(({ name }) => name)) }
}

const namesIn = (text: string) => [...new Set(text.match(/\bencke_[a-z_]+/g))]

it('the dashboard has panels about metrics that there are, and about every one of them', async () => {
  const { names, families } = await known()
  const { panels } = JSON.parse(readFileSync(grafana, 'utf8')) as {
    panels: { title: string; description: string; targets: { expr: string }[] }[]
  }
  const asked = namesIn(panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n'))
  expect(asked.filter((name) => !names.has(name))).toEqual([])
  expect([...families].filter((name) => !asked.some((one) => one.startsWith(name)))).toEqual([])
  for (const { title, description } of panels) expect([title, description].join('')).toMatch(/\w{3,}/)
})

it('the alert rules are about metrics and codes that there are, and each says what to do', async () => {
  const { names } = await known()
  const text = readFileSync(alerts, 'utf8')
  const expressions = [...text.matchAll(/^ +expr: (.*)$/gm)].map(([, expression]) => expression as string)
  expect(namesIn(expressions.join('\n')).filter((name) => !names.has(name))).toEqual([])
  const patterns = [...text.matchAll(/code=~?"([^"]*)"/g)].map(([, pattern]) => new RegExp(`^(${pattern})$`))
  for (const pattern of patterns) expect(Object.keys(errorTable).some((code) => pattern.test(code))).toBe(true)
  expect(text.match(/^ +description: ./gm)).toHaveLength(expressions.length)
})

const promtool = '/usr/bin/promtool'
it.runIf(existsSync(promtool))(
  'promtool finds the alert rules, and the expressions of the dashboard, well made',
  () => {
    const rules = spawnSync(promtool, ['check', 'rules', fileURLToPath(alerts)], { encoding: 'utf8' })
    expect({ status: rules.status, said: rules.stderr }).toEqual({ status: 0, said: '' })
    const expressions = [...readFileSync(grafana, 'utf8').matchAll(/"expr": (".*")/g)].map(([, text]) =>
      (JSON.parse(text as string) as string).replaceAll('$__rate_interval', '1m'),
    )
    const groups = expressions.map((expr, at) => ({ name: `panel${at}`, rules: [{ record: `panel:${at}`, expr }] }))
    const file = join(mkdtempSync(join(tmpdir(), 'encke-rules-')), 'rules.json')
    onTestFinished(() => rmSync(dirname(file), { recursive: true }))
    writeFileSync(file, JSON.stringify({ groups }))
    const asRules = spawnSync(promtool, ['check', 'rules', file], { encoding: 'utf8' })
    expect({ status: asRules.status, said: asRules.stderr }).toEqual({ status: 0, said: '' })
  },
)

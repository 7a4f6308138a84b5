// A report as tests want one: a scenario that held, and the machine that it ran on.

import type { Report, ScenarioReport } from '../../loadtest/report/report.ts'

export const scenarioReport: ScenarioReport = {
  name: 'publish',
  title: 'many messages',
  invariant: 'Every reply is 201.',
  note: 'A note.',
  verdict: 'held',
  complaints: [],
  seconds: 4,
}

export function reportOf(scenarios: readonly ScenarioReport[], hasProc = true): Report {
  return {
    title: 'Encke load test',
    date: '2026-11-21T23:47:45.563Z',
    command: 'npm run loadtest -- --quick',
    commit: 'abc1234+',
    machine: {
      processor: 'EPYC',
      cores: 2,
      memoryBytes: 24 * 2 ** 30,
      operatingSystem: 'Linux 6',
      node: '26.10.0',
      loadBefore: 0.5,
      hasProc,
    },
    warnings: [],
    server: 'node server/main.ts',
    durationSeconds: 3,
    scenarios,
  }
}

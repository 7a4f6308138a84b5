// The comparison with other systems: `npm run bench:peers -- --help` says what there is, and loadtest/README.md what is measured.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../flags.ts'
import { describeCommit, describeMachine } from '../measure/machine.ts'
import { Progress } from '../progress.ts'
import { writeFiles } from '../report/files.ts'
import { compare } from './compare.ts'
import type { PeersFlags } from './flags.ts'
import { peersUsage, readPeersCommand } from './flags.ts'
import { peersPage } from './page.ts'
import type { PeersReport } from './report.ts'
import { reportText } from './table.ts'

/** What a shell gives for a program that was ended by Ctrl-C. */
const interruptedCode = 130

try {
  const command = readPeersCommand(process.argv.slice(2))
  if (command.kind === 'help') process.stdout.write(peersUsage())
  else await main(command.flags)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`bench:peers: ${error.message}\n`)
  process.exitCode = 2
}

async function main(flags: PeersFlags): Promise<void> {
  const progress = new Progress(process.stderr)
  endOnSignals(progress)
  const machine = describeMachine()
  const buildFolder = mkdtempSync(join(tmpdir(), 'encke-peers-'))
  process.on('exit', () => rmSync(buildFolder, { recursive: true, force: true }))
  const compared = await compare(flags, buildFolder, progress)
  const report: PeersReport = {
    title: 'Encke beside its peers',
    date: new Date().toISOString(),
    command: ['npm run bench:peers', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
    commit: describeCommit(fileURLToPath(new URL('.', import.meta.url))),
    machine,
    ...compared,
  }
  progress.clear()
  process.stdout.write(`\n${reportText(report)}\n`)
  const contents = { html: peersPage(report), json: `${JSON.stringify(report, null, 2)}\n` }
  for (const path of writeFiles('peers-', report.date, contents)) process.stdout.write(`${path}\n`)
  process.exitCode = report.systems.some(({ name, skipped }) => name === 'encke' && skipped !== undefined) ? 1 : 0
}

/** A process that exits takes with it what it has started and built. */
function endOnSignals(progress: Progress): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      progress.clear()
      process.stderr.write('bench:peers: interrupted; what it had started has ended\n')
      process.exit(interruptedCode)
    })
  }
}

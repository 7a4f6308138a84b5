// The public suite of Durable Streams on the SQLite broker.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { testConformance } from '../protocols/streams/conformance.ts'

describe('Durable Streams on the SQLite broker', () => {
  const folder = mkdtempSync(join(tmpdir(), 'encke-streams-'))

  // Hooks that were added first run last: the database is closed by then.
  afterAll(() => rmSync(folder, { recursive: true }))

  testConformance(async () => ({ flags: ['--broker', `sqlite:${join(folder, 'encke.db')}`] }))
})

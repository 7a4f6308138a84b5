import { describe } from 'vitest'
import { testConformance } from './conformance.ts'

describe('Durable Streams on the memory broker', () => {
  testConformance(async () => ({ flags: ['--broker', 'memory:'] }))
})

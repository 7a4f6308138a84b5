// Errors: what keeps a benchmark from running.

import type { ErrorRows } from '../errors/row.ts'

export const benchmarkErrors = {
  ENCKE_ERR_BENCHMARK_PARAMETERS: {
    statusCode: 400,
    summary:
      'A size of the benchmark is outside its range, or the combination is too much work; the message has the bounds.',
  },
  ENCKE_ERR_BENCHMARK_MODEL: {
    statusCode: 400,
    summary:
      'The concurrency model is unknown, or cannot run this benchmark so; the message lists the models, or why not.',
  },
  ENCKE_ERR_BENCHMARK_BUSY: {
    statusCode: 409,
    summary: 'A benchmark is running, and only one runs at a time; the message says which: wait for it, or cancel it.',
  },
  ENCKE_ERR_BENCHMARK_CANCELLED: {
    statusCode: 409,
    summary: 'The benchmark was ended by `POST /admin/benchmarks/cancel` before it was done; start it again.',
  },
  ENCKE_ERR_BENCHMARK_FAILED: {
    statusCode: 500,
    summary:
      'A benchmark broke one of its own invariants, so its times are not reported; this is a bug: please report it.',
  },
} as const satisfies ErrorRows

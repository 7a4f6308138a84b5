// The thread that writes to the file.

import { parentPort, workerData } from 'node:worker_threads'
import { serveWrites, type WriterData } from './serve-writes.ts'

if (parentPort !== null) serveWrites(parentPort, workerData as WriterData)

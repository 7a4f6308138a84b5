import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { longFiles } from './long-files-first.ts'

it.each(longFiles)('%s is there, once', (file) => {
  expect(existsSync(fileURLToPath(new URL(`../${file}`, import.meta.url)))).toBe(true)
  expect(longFiles.filter((other) => other === file)).toHaveLength(1)
})

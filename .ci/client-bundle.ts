// How `client.js` becomes one file, with what only some pages load beside it: for the package, and for the test of its size.

import { fileURLToPath } from 'node:url'
import type { InputOptions, OutputOptions } from 'rolldown'

export const clientBundle: InputOptions = {
  input: fileURLToPath(new URL('../public/client.js', import.meta.url)),
  platform: 'browser',
  tsconfig: false,
  // What is loaded later takes what it shares from the one file.
  preserveEntrySignatures: 'allow-extension',
}

export const clientOutput: OutputOptions = {
  format: 'esm',
  minify: true,
  entryFileNames: '[name].js',
  chunkFileNames: 'client/[name].js',
}

// Where the package is: the folder that holds package.json, whether a file runs from the checkout or from dist/ of a
// published package, which is one folder deeper.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const packageRoot: string = folderWith('package.json', import.meta.dirname)

export const version: string = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')).version

function folderWith(name: string, folder: string): string {
  return existsSync(join(folder, name)) ? folder : folderWith(name, dirname(folder))
}

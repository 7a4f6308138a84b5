// Finds the circles among source files: groups in which each file imports, perhaps by way of others, every other one.
//
// A type counts like a value: to understand one file of a circle its reader needs all of them.

import { posix } from 'node:path'
import { importsOf, type SourceFile } from './layers.ts'

/** The circles among `files`, each as its paths in order. @see Tarjan, "Depth-first search and linear graph algorithms", 1972 */
export function circlesAmong(files: readonly SourceFile[]): string[][] {
  const imported = new Map(files.map((file) => [file.path, pathsImportedBy(file)]))
  const seen = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []
  const visit = (path: string): number => {
    const place = seen.size
    seen.set(path, place)
    open.push(path)
    let first = place
    for (const next of imported.get(path) ?? []) {
      if (!imported.has(next)) continue
      if (!seen.has(next)) first = Math.min(first, visit(next))
      else if (open.includes(next)) first = Math.min(first, seen.get(next) as number)
    }
    if (first === place) {
      const circle = open.splice(open.indexOf(path))
      if (circle.length > 1) circles.push(circle.sort())
    }
    return first
  }
  for (const { path } of files) if (!seen.has(path)) visit(path)
  return circles.sort()
}

function pathsImportedBy({ path, text }: SourceFile): string[] {
  return importsOf(text).flatMap((specifier) =>
    specifier?.startsWith('.') ? posix.join(posix.dirname(path), specifier) : [],
  )
}

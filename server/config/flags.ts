// The flags of a command line. Nothing is ignored: a word that belongs to no option is a complaint.
//
// Not by `parseArgs` of node:util: it stops at the first mistake, and takes the flag that follows for the value of one that has
// none. Here every mistake gets its line.

import { clip } from '../errors.ts'
import type { Given } from './given.ts'
import { nearest } from './nearest.ts'
import { flagOf, type OptionNames } from './option-names.ts'
import { readToggle } from './readers.ts'

/** What the command line asks for instead of a server. */
export type Question = 'help' | 'version' | 'configuration'

const questions: ReadonlyMap<string, Question> = new Map([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-v', 'version'],
  ['--print-config', 'configuration'],
])

/**
 * Read the words after the program's name.
 *
 * @param words takes what belongs to no flag, and everything after `--`; without it such words are complaints
 */
export function readFlags(
  names: OptionNames,
  argv: readonly string[],
  words?: string[],
): { given: Given; complaints: string[]; asked: Question | undefined } {
  const given: Given = new Map()
  const complaints: string[] = []
  let asked: Question | undefined
  for (let at = 0; at < argv.length; at++) {
    if (words !== undefined && argv[at] === '--') {
      words.push(...argv.slice(at + 1))
      break
    }
    const { flag, inline } = splitFlag(argv[at]!)
    if (words !== undefined && !flag.startsWith('-')) {
      words.push(flag)
      continue
    }
    const key = names.keyOfFlag.get(flag)
    const text = inline ?? valueAfter(names, argv, at, key)
    if (inline === undefined && text !== undefined) at++
    if (questions.has(flag)) asked ??= questions.get(flag)
    else if (key === undefined) complaints.push(complainAboutFlag(names, flag))
    else if (given.has(key)) complaints.push(`${flag} is given twice; give it once`)
    else if (text?.trim()) given.set(key, { source: flag, text })
    else if (text === undefined && names.isSwitch(key)) given.set(key, { source: flag, text: 'on' })
    else complaints.push(`${flag} needs a value: ${names.optionOf(key).fits}`)
  }
  return { given, complaints, asked }
}

function splitFlag(word: string): { flag: string; inline?: string } {
  const end = word.startsWith('--') ? word.indexOf('=') : -1
  return end === -1 ? { flag: word } : { flag: word.slice(0, end), inline: word.slice(end + 1) }
}

/** The next word if it is the value of the flag at `at`. An unknown flag takes its value along: one slip, one complaint. */
function valueAfter(
  names: OptionNames,
  argv: readonly string[],
  at: number,
  key: string | undefined,
): string | undefined {
  const next = argv[at + 1]
  const isFlag = argv[at]!.startsWith('-') && !questions.has(argv[at]!)
  if (!isFlag || next === undefined || next.startsWith('--')) return undefined
  if (key === undefined) return next.startsWith('-') ? undefined : next
  return !names.isSwitch(key) || 'value' in readToggle(next) ? next : undefined
}

function complainAboutFlag(names: OptionNames, word: string): string {
  if (!word.startsWith('-'))
    return `${clip(word)} is not a flag; every option is written --name value (--help lists them)`
  const switched = names.keyOfFlag.get(word.replace('--no-', '--'))
  const near = switched && names.isSwitch(switched) ? `${flagOf(switched)}=off` : nearest(word, names.keyOfFlag.keys())
  return `unknown flag ${clip(word)}; ${near ? `did you mean ${near}?` : 'leave it out'} (--help lists them)`
}

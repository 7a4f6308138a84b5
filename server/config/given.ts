// What was given for options: by flags (flags.ts), and by ENCKE_* variables.

import { clip } from '../errors.ts'
import { nearest } from './nearest.ts'
import type { OptionNames } from './option-names.ts'

/** The text for each option, by its key, and which flag or variable it came by. */
export type Given = Map<string, { readonly source: string; readonly text: string }>

export type Environment = Readonly<Record<string, string | undefined>>

// Kubernetes sets these in every pod beside a Service named "encke": they are no misspelt options.
const fromKubernetes = /^ENCKE_(SERVICE_(HOST|PORT)|PORT_\d+_)/

// These belong to the commands that talk to a server: whoever uses both has them in one environment.
const ofOtherCommands = new Set(['ENCKE_URL', 'ENCKE_TOKEN'])

/** Read the variables. An empty one counts as unset. */
export function readVariables(names: OptionNames, env: Environment): { given: Given; complaints: string[] } {
  const given: Given = new Map()
  const complaints: string[] = []
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith('ENCKE_') || !text?.trim() || fromKubernetes.test(variable)) continue
    if (ofOtherCommands.has(variable) && !names.keyOfVariable.has(variable)) continue
    const key = names.keyOfVariable.get(variable)
    if (key !== undefined) given.set(key, { source: variable, text })
    else complaints.push(complainAboutVariable(names, variable))
  }
  return { given, complaints }
}

/** Read values that a program or a file gives by key: each as the text that the command line would have. */
export function readProgram(
  names: OptionNames,
  values: Readonly<Record<string, unknown>>,
  from = '',
): { given: Given; complaints: string[] } {
  const given: Given = new Map()
  const complaints: string[] = []
  for (const [key, value] of Object.entries(values)) {
    if (!names.has(key)) complaints.push(`${from}${complainAboutKey(names, key)}`)
    else if (!isDefault(names, key, value)) given.set(key, { source: `${from}${key}`, text: String(value) })
  }
  return { given, complaints }
}

/** Whether it is the default, or stands for it: there is no text for an empty list or for no secret. */
function isDefault(names: OptionNames, key: string, value: unknown): boolean {
  return value === undefined || value === names.optionOf(key).fallback || (Array.isArray(value) && value.length === 0)
}

function complainAboutKey(names: OptionNames, key: string): string {
  const near = nearest(key, names.keyOfFlag.values())
  return `unknown option ${clip(key)}; ${near ? `did you mean ${near}? If not, ` : ''}leave it out`
}

function complainAboutVariable(names: OptionNames, variable: string): string {
  const near = nearest(variable, names.keyOfVariable.keys())
  return `unknown variable ${clip(variable)}; ${near ? `did you mean ${near}? If not, ` : ''}unset it (--help lists them)`
}

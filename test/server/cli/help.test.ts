// What `--help` of each command says: it fits a terminal, says what each option may be, and names nothing that is not there.

import { expect, it } from 'vitest'
import { commands } from '../../../server/cli/commands.ts'
import { describeOptions } from '../../../server/config.ts'
import { samplesTopic } from '../../../server/observe/timeline.ts'

const widest = 130

it.each(commands)(
  'encke $name --help fits a terminal, and names no topic of the server that is not there',
  async ({ load }) => {
    const text = (await load()).help()
    expect(text.split('\n').filter((line) => line.length > widest)).toEqual([])
    expect(
      [...text.matchAll(/__encke\/\w+/g)].map(([topic]) => topic).filter((topic) => topic !== samplesTopic),
    ).toEqual([])
  },
)

it('encke serve --help has every option, what it means and what it must be', async () => {
  const text = (await (commands[0] as (typeof commands)[number]).load()).help().replaceAll(/\s+/g, ' ')
  for (const { flag, fits, about } of describeOptions()) {
    expect(text).toContain(`${flag}, `)
    expect(text).toContain(about.replaceAll('`', ''))
    expect(text).toContain(`Must be ${fits}.`)
  }
})

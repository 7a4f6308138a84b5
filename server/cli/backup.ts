// encke backup: a copy of the file of a broker, also while it is served.

import { backUp } from '../brokers/sqlite/back-up.ts'
import { OptionTable } from '../config/option-table.ts'
import { keptAt } from './broker-commands.ts'
import { type Command, helpText, misuse } from './command.ts'
import { type Terminal, write } from './terminal.ts'

const table = new OptionTable({ broker: keptAt }, [])

export const backup: Command = { help, run }

function help(): string {
  return helpText(
    'encke backup <file> [options]',
    'Copy the file of a sqlite broker to one that does not exist yet; the server may run meanwhile. The copy has all that was\nacknowledged when it began. Served later, it begins new epochs: readers of the original are told reset.',
    table.describe(),
    [`encke backup "backup/encke-$(date +%F).db"`, 'encke backup copy.db --broker sqlite:/var/lib/encke/encke.db'],
  )
}

async function run(argv: readonly string[], open: () => Terminal): Promise<number> {
  const terminal = open()
  const { values, words } = table.readCommand(argv, terminal.env)
  const [file, ...others] = words
  if (file === undefined || others.length > 0)
    throw misuse(`backup takes the file to write (got ${words.length} words)`)
  if (!values.broker.startsWith('sqlite:')) {
    throw misuse(
      'backup copies the file of a sqlite broker; Redis has its own ways (RDB, AOF), and encke export takes any',
    )
  }
  backUp(values.broker, file)
  await write(terminal.err, `copied to ${file}\n`)
  return 0
}

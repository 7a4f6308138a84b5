// A system that does what it is told in its arguments, for tests of what gives orders: each is an answer to one order, in
// their order. A number is the wall time of a right answer of 7; the last goes on for ever.

const [first = '', ...rest] = process.argv.slice(2)
const answers = [first, ...rest]

if (first === 'ends') {
  process.stderr.write('cannot begin\n')
  process.exit(3)
}
process.stdout.write('{"system":"a fake, version 1"}\n')
process.stdin.setEncoding('utf8').on('data', (orders: string) => {
  for (const order of orders.trim().split('\n')) {
    if (order === 'collect') process.stdout.write('{}\n')
    else answer(order, (answers.length > 1 ? answers.shift() : answers[0]) as string)
  }
})
process.stdin.on('end', () => process.exit(0))

function answer(order: string, how: string): void {
  if (how === 'hangs') return
  if (how === 'dies') process.exit(9)
  if (how === 'babbles') process.stdout.write('not JSON\n')
  else if (how === 'fails') process.stdout.write('{"error":"the ball is lost"}\n')
  else if (how === 'lies') process.stdout.write('{"wallMs":1,"answer":8}\n')
  else if (how === 'echoes') process.stdout.write(`${JSON.stringify({ order })}\n`)
  else process.stdout.write(`{"wallMs":${how},"answer":7,"bytes":${how}}\n`)
}

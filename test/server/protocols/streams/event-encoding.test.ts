import { expect, it } from 'vitest'
import { Message } from '../../../../server/hub/message.ts'
import { eventsOf } from '../../../../server/protocols/streams/event-encoding.ts'

const json = 'application/json'
const batchOf = (...data: string[]) => ({
  messages: data.map((text, at) => new Message('a', at + 1, `id${at}`, 0, { data: text, bytes: text.length }, 0)),
})
const control = { offset: '1_1', isUpToDate: true, isEnd: false, turn: '7' }

it('a batch is told as data, then where its reader is, in bytes that a herd has in common', () => {
  const batch = batchOf('1', '{"n":2}')
  const told = eventsOf(batch, json, control)
  expect(`${told}`).toBe(
    'event: data\ndata:[1,{"n":2}]\n\n' +
      'event: control\ndata:{"streamNextOffset":"1_1","streamCursor":"7","upToDate":true}\n\n',
  )
  const turns = ['7', '8', '7', '8', '7']
  const all = turns.map((turn) => eventsOf(batch, json, { ...control, turn }))
  expect(all[0]).toBe(told)
  expect(new Set(all).size).toBe(2)
})

it('what differs in one thing alone is not taken for the same', () => {
  const batch = batchOf('1')
  const others = [{}, { offset: '1_2' }, { isUpToDate: false }, { isEnd: true }, { turn: '8' }]
  const told = others.map((other) => {
    // What was told last is remembered.
    eventsOf(batchOf('0'), json, control)
    return `${eventsOf(batch, json, { ...control, ...other })}`
  })
  expect(new Set(told).size).toBe(others.length)
  expect(told[3]).toContain('"streamClosed":true')
  expect(`${eventsOf(batchOf('2'), json, control)}`).not.toBe(told[0])
})

it('without messages the control event stands alone, and cursors that clients make up are not kept without end', () => {
  expect(`${eventsOf(batchOf(), json, control)}`).toMatch(/^event: control\n/)
  const batch = batchOf('1')
  for (let turn = 0; turn < 100; turn += 1) {
    expect(`${eventsOf(batch, json, { ...control, turn: `${turn}` })}`).toContain(`"streamCursor":"${turn}"`)
  }
})

import { expect, it } from 'vitest'
import { eventText, retryText } from '../../../server/http/event-text.ts'

it('an event is its name, its id and its data, each on a line of its own', () => {
  expect(eventText({ event: 'verdict', id: 'Aiz', data: '{"n":1}' })).toBe('event: verdict\nid: Aiz\ndata: {"n":1}\n\n')
  expect(eventText({ data: 'hello' })).toBe('data: hello\n\n')
})

it('an id alone is kept by the client and told to nobody', () => {
  expect(eventText({ id: 'Aiz' })).toBe('id: Aiz\n\n')
})

it('data of several lines keeps them, however they end', () => {
  expect(eventText({ data: 'a\nb\r\nc\rd\n' })).toBe('data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n')
})

it('a time to come back is no event', () => {
  expect(retryText(250)).toBe('retry: 250\n\n')
})

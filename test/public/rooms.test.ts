// The parts of the chat that need no page: names of rooms, messages, links, a room and its rows.

import { describe, expect, it } from 'vitest'
import { splitLinks } from '../../public/chat/links.js'
import { cleanName, longestText, readMessage } from '../../public/chat/message.js'
import { hueOf, initialOf } from '../../public/chat/name-colour.js'
import { Room } from '../../public/chat/room.js'
import { cleanRoom, linkTo, roomIn, topicOf } from '../../public/chat/room-name.js'
import { rowsOf } from '../../public/chat/rows.js'
import { presentAs, readPresence } from '../../public/chat/tag.js'
import { Window } from '../../public/chat/window.js'
import { checkTopicName } from '../../server/hub/index.ts'
import { cpuMsOf } from '../cpu-time.ts'

const strange = [
  'lobby',
  'Garden Café',
  '.',
  '..',
  'a/b',
  '~',
  '%2F',
  '日本語',
  '<img src=x onerror=alert(1)>',
  '😀'.repeat(80),
]

function message(id: string, data: unknown, time = 1_000) {
  return { topic: 'chat/lobby', offset: 1, id, time, data }
}

describe('the name of a room', () => {
  it.each(strange)('becomes a topic that the server takes, and a link that leads back: %s', (given) => {
    const room = cleanRoom(given)
    expect(() => checkTopicName(topicOf(room))).not.toThrow()
    expect(roomIn(linkTo(room))).toBe(room)
    expect(cleanRoom(room)).toBe(room)
  })

  it('is another topic for every other name', () => {
    const rooms = strange.map(cleanRoom)
    expect(new Set(rooms.map(topicOf)).size).toBe(new Set(rooms).size)
  })

  it('has one spelling', () => {
    expect(['  #Lobby ', 'LOBBY', 'lob\u200bby'].map(cleanRoom)).toEqual(['lobby', 'lobby', 'lob by'])
    expect(['', '#', '#room=', '#other=1'].map(roomIn)).toEqual(['lobby', 'lobby', 'lobby', 'lobby'])
  })
})

describe('a message', () => {
  it('is read whatever it is', () => {
    const said = (data: unknown) => {
      const { name, text, isOdd } = readMessage(message('1', data))
      return [name, text, isOdd]
    }
    expect(said({ name: ' Ada ', text: 'hello' })).toEqual(['Ada', 'hello', false])
    expect(said('hello')).toEqual(['', 'hello', false])
    expect(said(null)).toEqual(['', 'null', true])
    expect(said(['a'])).toEqual(['', '["a"]', true])
    expect(said({ name: 'Ada', text: 5 })).toEqual(['', '{"name":"Ada","text":5}', true])
    expect(said({ text: '  ' })).toEqual(['', '{"text":"  "}', true])
    expect(said({ name: { toString: 'x' }, text: '\ud800' })).toEqual(['', '\ufffd', false])
  })

  it('has a name of one line that turns nothing around it', () => {
    expect(cleanName('a\u202Eb\nc\u0000d')).toBe('a b c d')
    expect([...cleanName('👩‍🚀'.repeat(40))].length).toBeLessThanOrEqual(32)
    expect(cleanName(['Ada'])).toBe('')
  })

  it('fits into what the server takes, whatever its characters', () => {
    const data = { name: '\u0001'.repeat(32), text: '😀'.repeat(longestText / 2), nonce: 'n'.repeat(24) }
    expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThan(64 * 1024)
    const worst = { name: '語'.repeat(32), text: '語'.repeat(longestText), nonce: 'n'.repeat(24) }
    expect(Buffer.byteLength(JSON.stringify(worst))).toBeLessThan(64 * 1024)
  })
})

describe('links', () => {
  it('lose nothing of the text', () => {
    for (const text of ['', 'no link', 'https://a.example', 'a https://a.example, b http://b.example/(c)). https://']) {
      expect(
        splitLinks(text)
          .map((piece) => piece.text)
          .join(''),
      ).toBe(text)
    }
  })

  it('are those of http and https, without what stands after them', () => {
    const links = (text: string) => splitLinks(text).flatMap(({ href }) => href ?? [])
    expect(links('(https://a.example/b_(c)), https://a.example.')).toEqual([
      'https://a.example/b_(c)',
      'https://a.example/',
    ])
    expect(links('javascript:alert(1) data:text/html,x file:///etc/passwd ftp://a.example')).toEqual([])
    expect(links('https://bank.example@evil.example https:// http://[')).toEqual([])
    expect(links('xhttps://a.example HTTPS://A.example')).toEqual(['https://a.example/'])
  })

  it('are found quickly in the worst of texts', () => {
    const tookMs = cpuMsOf(() => {
      splitLinks(`https://a.example/${'('.repeat(30_000)}${')'.repeat(30_000)}${'.'.repeat(30_000)}`)
      splitLinks('http://'.repeat(9_000))
    })
    expect(tookMs).toBeLessThan(2_000)
  })
})

describe('a room', () => {
  const nobody = { has: () => false, add: () => {} }

  it('keeps the order of the server, and what is not confirmed after it', () => {
    const room = new Room('lobby', undefined, nobody)
    const own = room.say({ name: 'Ada', text: 'mine', tag: '', nonce: 'n1', time: 1 })
    room.receive([message('1', 'theirs')], true)
    const texts = () => room.entries.map((entry) => entry.text)
    expect(texts()).toEqual(['theirs', 'mine'])
    room.receive([message('2', { name: 'Ada', text: 'mine', nonce: 'n1' }), message('3', 'last')], true)
    expect(texts()).toEqual(['theirs', 'mine', 'last'])
    expect(own.status).toBe('confirmed')
    room.fail(own, 'too late to fail')
    expect(own.status).toBe('confirmed')
  })

  it('shows once what comes twice: the same message, and a copy that was sent again', () => {
    const room = new Room('lobby', undefined, nobody)
    const first = message('1', { text: 'a', nonce: 'n' })
    room.receive([first, message('2', { text: 'a', nonce: 'n' }), message('3', 'b')], true)
    room.receive([first], true)
    expect(room.entries).toHaveLength(2)
  })

  it('counts what others said since it was read', () => {
    const room = new Room('lobby', 1_000, { has: (id) => id === '3', add: () => {} })
    room.receive(
      [message('1', 'old', 1_000), message('2', 'new', 1_001), message('3', { text: 'x', nonce: 'mine' }, 1_002)],
      false,
    )
    expect(room.unread).toBe(1)
    expect(room.newSince).toBe(1_000)
    room.markRead()
    expect(room.unread).toBe(0)
  })

  it('takes for its own what the server confirmed, and not a copy of a nonce that is there for all to read', () => {
    const ids = new Set<string>()
    const room = new Room('lobby', undefined, ids)
    room.say({ name: 'Ada', text: 'mine', tag: '', nonce: 'n', time: 1 })
    room.receive([message('1', { text: 'mine', nonce: 'n' })], true)
    expect([...ids]).toEqual(['1'])
    const elsewhere = new Room('other', undefined, ids)
    elsewhere.receive([message('2', { name: 'Mallory', text: 'forged', nonce: 'n' })], true)
    expect(elsewhere.entries).toMatchObject([{ text: 'forged', isOwn: false }])
  })

  it('counts from the first visit on, also when nobody has looked yet', () => {
    const room = new Room('lobby', undefined, nobody)
    room.receive([message('1', 'history', 1_000)], false)
    room.loaded()
    expect(room.unread).toBe(0)
    room.receive([message('2', 'news', 1_001)], false)
    expect(room.unread).toBe(1)
  })

  it('has no end of messages, but keeps ten thousand', () => {
    const room = new Room('lobby', undefined, nobody)
    room.receive(
      Array.from({ length: 10_500 }, (_, n) => message(String(n), `m${n}`)),
      true,
    )
    expect(room.entries).toHaveLength(10_000)
    expect(room.entries[0]?.text).toBe('m500')
  })
})

describe('the rows of a log', () => {
  it('group what one says, until another speaks, time passes or a day ends', () => {
    const room = new Room('lobby', undefined, { has: () => false, add: () => {} })
    const noon = new Date(2026, 5, 1, 12).getTime()
    const minutes = (count: number) => noon + count * 60_000
    const say = (name: string, time: number) => message(`${name}${time}`, { name, text: 'x' }, time)
    room.receive([say('a', minutes(0)), say('a', minutes(1)), say('b', minutes(2)), say('b', minutes(30))], true)
    room.receive([say('b', minutes(24 * 60))], true)
    const rows = rowsOf(room, minutes(24 * 60)).map((row) =>
      row.kind === 'said' ? `${row.entry.name}${row.isFirst ? ' first' : ''}${row.isLast ? ' last' : ''}` : row.text,
    )
    expect(rows).toEqual(['Yesterday', 'a first', 'a last', 'b first last', 'b first last', 'Today', 'b first last'])
  })
})

describe('a name', () => {
  it('has the same colour everywhere, and its first letter whole', () => {
    expect(hueOf('Ada')).toBe(hueOf('ada'))
    const hues = Array.from({ length: 500 }, (_, n) => hueOf(`name ${n}`))
    expect(hues.every((hue) => hue >= 0 && hue < 360)).toBe(true)
    expect(new Set(hues).size).toBe(24)
    expect(['ada', '👩‍🚀 Sally', ''].map(initialOf)).toEqual(['A', '👩‍🚀', '?'])
  })
})

describe('the window on a long list', () => {
  const list = Array.from({ length: 2_000 }, (_, n) => n)

  it('is at the end at first, moves up and down by portions, and never grows without end', () => {
    const window = new Window<number>()
    expect(window.of(list)).toEqual(list.slice(-200))
    let moves = 0
    while (window.moveUp(list)) moves += 1
    expect(window.of(list)[0]).toBe(0)
    expect(window.of(list)).toHaveLength(400)
    expect(moves).toBe(90)
    while (window.moveDown(list)) moves += 1
    expect(window.of(list).at(-1)).toBe(1_999)
    expect(window.isAtEnd).toBe(true)
  })

  it('stays where one reads, whatever is added', () => {
    const window = new Window<number>()
    window.of(list)
    window.stay()
    expect(window.of([...list, 2_000]).at(-1)).toBe(1_999)
    expect(window.isAtEnd).toBe(false)
    window.toEnd()
    expect(window.of([...list, 2_000]).at(-1)).toBe(2_000)
  })
})

describe('two who chose one name', () => {
  it('are told apart by their tags, and only where there are two', () => {
    const room = new Room('lobby', undefined, { has: () => false, add: () => {} })
    room.meet({ name: 'Ada', tag: 'aaaa' })
    expect(room.lookOf({ name: 'Ada', tag: 'aaaa' })).toEqual({ mark: '', hue: hueOf('Ada') })
    room.meet({ name: 'ada', tag: 'bbbb' })
    expect(room.lookOf({ name: 'Ada', tag: 'aaaa' })).toEqual({ mark: 'aaaa', hue: hueOf('Ada') })
    expect(room.lookOf({ name: 'Johann', tag: 'aaaa' })).toEqual({ mark: '', hue: hueOf('Johann') })
  })

  it('have a colour each, also in a room where all colours are taken', () => {
    const room = new Room('lobby', undefined, { has: () => false, add: () => {} })
    const hueFor = (person: { name: string; tag: string }) => {
      room.meet(person)
      return room.lookOf(person).hue
    }
    const first = Array.from({ length: 24 }, (_, n) => hueFor({ name: `name ${n}`, tag: 'aaaa' }))
    expect(new Set(first).size).toBe(24)
    const namesakes = Array.from({ length: 24 }, (_, n) => hueFor({ name: 'Ada', tag: `tag${n}` }))
    expect(new Set(namesakes).size).toBe(24)
    expect(hueFor({ name: 'name 0', tag: 'aaaa' })).toBe(first[0])
  })

  it('differ in colour like all others in a room: Ada and Bob would have the same', () => {
    const room = new Room('lobby', undefined, { has: () => false, add: () => {} })
    const people = ['Ada', 'Bob'].map((name) => ({ name, tag: 'aaaa' }))
    for (const person of people) room.meet(person)
    expect(hueOf('Bob')).toBe(hueOf('Ada'))
    expect(new Set(people.map((person) => room.lookOf(person).hue)).size).toBe(2)
    expect(room.lookOf(people[0] as { name: string; tag: string }).hue).toBe(hueOf('Ada'))
  })

  it('are present under names that hold their tags, as other programs may not', () => {
    expect(readPresence(presentAs('Ada', 'k3f9'))).toEqual({ name: 'Ada', tag: 'k3f9' })
    expect(readPresence('Ada ~k3f9 (2)')).toEqual({ name: 'Ada', tag: 'k3f9' })
    expect(readPresence('robot ~5')).toEqual({ name: 'robot ~5', tag: '' })
    expect(presentAs('', 'k3f9')).toBe('')
  })
})

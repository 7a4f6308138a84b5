import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Link, WaitList } from '../../../runtime/index.ts'

describe('a wait list', () => {
  it('is first in, first out', () => {
    const { list, links } = listOf(3)
    expect(list.first).toBe(links[0])
    expect([list.shift(), list.shift(), list.shift(), list.shift()]).toEqual([...links, undefined])
    list.validate()
    expect(list.isEmpty).toBe(true)
    expect(list.first).toBeUndefined()
  })

  it('lets a member leave from the front, the middle and the end', () => {
    for (const place of [0, 1, 2]) {
      const { list, links } = listOf(3)
      expect(links[place]?.unlink()).toBe(true)
      list.validate()
      expect([...list]).toEqual(links.toSpliced(place, 1))
    }
  })

  it('lets a member leave once, and says whether it was there', () => {
    const { list, links } = listOf(1)
    const [link] = links
    expect(link?.isLinked).toBe(true)
    expect(link?.unlink()).toBe(true)
    expect(link?.isLinked).toBe(false)
    expect(link?.unlink()).toBe(false)
    expect(list.isEmpty).toBe(true)
  })

  it('knows no more of a member that it has handed out', () => {
    const { list, links } = listOf(2)
    list.shift()
    expect(links[0]).toMatchObject({ isLinked: false, ahead: null, behind: null })
  })

  it('takes a member back at the end', () => {
    const { list, links } = listOf(2)
    const [first, second] = links as [Link, Link]
    first.unlink()
    list.add(first)
    list.validate()
    expect([...list]).toEqual([second, first])
  })

  it('refuses a member of a list, its own or another, and harms neither', () => {
    const one = listOf(2)
    const other = listOf(2)
    const [stray] = one.links as [Link]
    expect(() => one.list.add(stray)).toThrow('unlink it first')
    expect(() => other.list.add(stray)).toThrow('unlink it first')
    one.list.validate()
    other.list.validate()
    expect([...one.list]).toEqual(one.links)
    expect([...other.list]).toEqual(other.links)
  })

  it('notices a member that was linked by hand', () => {
    const { list, links } = listOf(2)
    const [first] = links as [Link]
    first.ahead = first
    expect(() => list.validate()).toThrow('two neighbours')
    first.behind = null
    expect(() => list.validate()).toThrow('two neighbours')
  })

  it('does what arrays do, whatever is asked of two lists with members to share', () => {
    const step = fc.record({ does: fc.constantFrom('add', 'shift', 'unlink'), list: fc.nat(1), member: fc.nat(7) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
        const members = Array.from({ length: 8 }, () => new Link())
        const lists = [new WaitList(), new WaitList()] as const
        const models: [Link[], Link[]] = [[], []]
        for (const { does, list: which, member } of steps) {
          const link = members[member] as Link
          const list = lists[which] as WaitList
          const model = models[which] as Link[]
          const isLinked = models.some((links) => links.includes(link))
          expect(link.isLinked).toBe(isLinked)
          if (does === 'shift') {
            expect(list.shift()).toBe(model.shift())
          } else if (does === 'unlink') {
            expect(link.unlink()).toBe(isLinked)
            for (const links of models) if (links.includes(link)) links.splice(links.indexOf(link), 1)
          } else if (!isLinked) {
            list.add(link)
            model.push(link)
          }
          lists.forEach((each, index) => {
            each.validate()
            expect([...each]).toEqual(models[index])
          })
        }
      }),
      { numRuns: 100, seed: 1 },
    )
  })
})

function listOf(count: number): { list: WaitList; links: Link[] } {
  const list = new WaitList()
  const links = Array.from({ length: count }, () => new Link())
  for (const link of links) list.add(link)
  list.validate()
  return { list, links }
}

import { describe, expect, it } from 'vitest'
import { hrefOf, routeOf, tokenIn } from '../../../public/admin/route.js'

const views = ['overview', 'topics', 'xray']

describe('the address of a view', () => {
  it('leads back to what it was made of', () => {
    const href = hrefOf('topics', 'news/one two?', { after: 'a&b', empty: '' })
    const { view, subject, query } = routeOf(href, views)
    expect({ view, subject, query: [...query] }).toEqual({
      view: 'topics',
      subject: 'news/one two?',
      query: [['after', 'a&b']],
    })
  })

  it('is short where there is nothing to say', () => {
    expect(hrefOf('xray')).toBe('#xray')
    expect(hrefOf('xray', '', { text: 'a' })).toBe('#xray?text=a')
  })

  it.each(['', '#', '#nowhere', '#token=abc', '#%zz/%zz'])('of %j is the first view', (hash) => {
    expect(routeOf(hash, views).view).toBe('overview')
  })

  it('brings the token, and only where it is one', () => {
    expect(tokenIn('#token=a%2Bb=c')).toBe('a+b=c')
    expect([tokenIn('#topics'), tokenIn(''), tokenIn('#x?token=a')]).toEqual(['', '', ''])
  })
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { epochHash, isSamePosition, messageTag, nameHash, unbornEpoch } from '../../../server/hub/position.ts'
import { hash } from './rig.ts'

it('takes 64, 32 and 24 bits of the hash, exactly', () => {
  const bytes = () => Uint8Array.from([255, 254, 253, 252, 251, 250, 249, 248, 247])
  expect(nameHash(bytes, 'a')).toBe('\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8')
  expect(epochHash(bytes, 'e')).toBe(0xff_fe_fd_fc)
  expect(messageTag(bytes, 'm')).toBe(0xff_fe_fd)
})

it('no epoch has the hash of none', () => {
  expect(epochHash(() => new Uint8Array(8), 'e')).toBe(1)
  expect(epochHash(hash, unbornEpoch)).toBe(0)
})

it('the tag before the first message is 0', () => {
  expect(messageTag(hash, null)).toBe(0)
})

it('two positions are the same only if epoch, tag and offset all are', () => {
  const small = fc.integer({ min: 0, max: 2 })
  const position = fc.record({ epoch: small, tag: small, offset: small })
  fc.assert(
    fc.property(position, position, (a, b) => {
      expect(isSamePosition(a, b)).toBe(JSON.stringify(a) === JSON.stringify(b))
    }),
  )
})

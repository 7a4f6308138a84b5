// The slot of a key: CRC16 (XMODEM) of its tag, modulo 16,384, as a cluster counts.

export const slotCount = 16_384

const table = Uint16Array.from({ length: 256 }, (_, index) => {
  let crc = index << 8
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc & 0xffff
})

/** The slot of a tag: of what stands between the braces of a key. */
export function slotOf(tag: string): number {
  let crc = 0
  for (const byte of Buffer.from(tag)) crc = ((crc << 8) & 0xffff) ^ (table[((crc >> 8) ^ byte) & 0xff] as number)
  return crc % slotCount
}

/** A tag for one of the slots from `first` to `last`. */
export function tagWithin(first: number, last: number): string {
  for (let number = 0; ; number += 1) {
    const slot = slotOf(`${number}`)
    if (slot >= first && slot <= last) return `${number}`
  }
}

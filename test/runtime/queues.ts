// What the tests of the queues have in common: the ring of a channel's buffer, and the run queue.

interface Queue<T> {
  readonly length: number
  push(item: T): void
  shift(): T | undefined
}

export function filled<T, Q extends Queue<T>>(queue: Q, items: readonly T[]): Q {
  for (const item of items) queue.push(item)
  return queue
}

export function drain<T>(queue: Queue<T>): (T | undefined)[] {
  const items: (T | undefined)[] = []
  while (queue.length > 0) items.push(queue.shift())
  return items
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

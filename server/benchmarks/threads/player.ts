// One player of hackysack, in a thread of its own: sleeps until it is sent the ball or home.

import { workerData } from 'node:worker_threads'
import type { SharedGameOptions } from './shared-game.ts'
import { ball, exit, SharedGame } from './shared-game.ts'
import { SharedInboxes } from './shared-inboxes.ts'

export interface PlayerData extends SharedGameOptions {
  readonly memory: SharedArrayBuffer
  /** Its number is that of its inbox. */
  readonly player: number
}

const { memory, player, ...options } = workerData as PlayerData
const inboxes = new SharedInboxes(memory)
const game = new SharedGame(options)

play()

function play(): void {
  while (inboxes.receive(player) === ball) {
    const target = game.caughtBy(player)
    if (target === null) {
      sendEverybodyElseHome()
      return
    }
    send(target, ball)
  }
  game.add('exitsReceived')
}

function sendEverybodyElseHome(): void {
  for (let other = 0; other < game.players; other += 1) {
    if (other === player) continue
    send(other, exit)
    game.add('exitsSent')
  }
}

function send(to: number, message: number): void {
  inboxes.put(to, message)
  if (game.variant === 'rendezvous') inboxes.waitUntilTaken(to)
}

// What a broker that keeps its own books has no room for.

import { EnckeError } from '../errors.ts'

export function overHistory(bytes: number, historyBytes: number): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_MESSAGE_OVER_HISTORY',
    `the message has ${bytes} bytes and a topic keeps at most ${historyBytes}: send less, or raise --history-bytes`,
  )
}

export function noTopic(maxTopics: number): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_SERVER_TOPICS',
    `all ${maxTopics} topics are in use: come back later, or raise --max-topics`,
  )
}

export function noRoom(totalBytes: number): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_SERVER_HISTORY',
    `the histories of all topics have reached ${totalBytes} bytes: come back later, or raise --history-total-bytes`,
  )
}

export function streamsFull(totalBytes: number): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_STREAMS_FULL',
    `the topics that keep everything have ${totalBytes} bytes together: remove some, or raise --streams-total-bytes`,
  )
}

// The least that a server of long polls must have, for the bare servers beside Encke: topics, the newest message of each, and
// who waits. There are no time-outs, no limits, no history, and nobody who has gone away is forgotten: what a bare server
// costs is what the HTTP layer costs, and no more than that.
//
// Replies have the shape and the size of Encke's.

/** @typedef {(body: string) => void} Answer */
/** @typedef {{ name: string, head: number, newest: string, parked: Answer[] }} Topic */

/** @type {Map<string, Topic>} */
const topics = new Map()
const epoch = 'x'.repeat(16)
const id = 'y'.repeat(16)

/** Answer with news that came after `cursor`, now or when it comes; without a cursor with the place of now. */
export function poll(
  /** @type {string} */ name,
  /** @type {string | undefined} */ cursor,
  /** @type {Answer} */ answer,
) {
  const topic = topicOf(name)
  if (cursor === undefined) answer(replyBody(topic, '[]'))
  else if (Number(cursor) < topic.head) answer(topic.newest)
  else topic.parked.push(answer)
}

/** Serialise once, answer everybody who waits, and give the receipt. */
export function publish(/** @type {string} */ name, /** @type {unknown} */ data) {
  const topic = topicOf(name)
  const time = Date.now()
  const offset = ++topic.head
  topic.newest = replyBody(topic, JSON.stringify([{ topic: name, offset, id, time, data }]))
  const { parked } = topic
  topic.parked = []
  for (const answer of parked) answer(topic.newest)
  return { topic: name, epoch, offset, id, time, waiting: parked.length }
}

/** @returns {Topic} */
function topicOf(/** @type {string} */ name) {
  const known = topics.get(name)
  if (known !== undefined) return known
  const made = { name, head: 0, newest: '', parked: [] }
  topics.set(name, made)
  return made
}

function replyBody(/** @type {Topic} */ { name, head }, /** @type {string} */ messages) {
  const cursor = String(head).padStart(20, '0')
  const verdicts = JSON.stringify({ [name]: { verdict: 'ok', missed: 0 } })
  return `{"messages":${messages},"cursor":"${cursor}","more":false,"topics":${verdicts}}`
}

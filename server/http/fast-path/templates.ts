// The templates of a server. Clients of one kind send the same bytes, so their connections share templates.

import { type MessageShape, MessageTemplate } from './message-template.ts'
import { RequestTemplate } from './request-template.ts'

/** The most that are shared; above it all are forgotten, and those in use stay with their connections. */
const mostTemplates = 64

/** Gives templates that are the same as one and the same object. */
export class Templates {
  readonly #polls = new Map<string, RequestTemplate>()
  readonly #messages = new Map<string, MessageTemplate>()

  /** See `RequestTemplate.of`. */
  ofPoll(text: string, parameters: Readonly<Record<string, string>>): RequestTemplate | undefined {
    return shared(this.#polls, RequestTemplate.of(text, parameters))
  }

  /** See `MessageTemplate.of`. */
  ofMessage(head: string, topic: string, shape: MessageShape): MessageTemplate | undefined {
    return shared(this.#messages, MessageTemplate.of(head, topic, shape))
  }
}

function shared<T extends { readonly text: string }>(all: Map<string, T>, made: T | undefined): T | undefined {
  if (made === undefined) return undefined
  const known = all.get(made.text)
  if (known !== undefined) return known
  if (all.size >= mostTemplates) all.clear()
  all.set(made.text, made)
  return made
}

// A pipeline: components in a row, from each one's outbox to the next one's inbox, and from signal to control.

import type { Coroutine } from '../../index.ts'
import { Component } from './component.ts'

/**
 * What arrives in its own inboxes goes to the first component, and what the last one sends comes out of its own outboxes.
 * It ends once all of them have, and reads nothing itself.
 *
 * @see Kamaelia, "Kamaelia.Chassis.Pipeline"
 */
export class Pipeline extends Component {
  readonly #row: readonly [Component, ...Component[]]

  constructor(first: Component, ...others: Component[]) {
    super()
    this.#row = [first, ...others]
    this.addChildren(...this.#row)
  }

  protected *main(): Coroutine<void> {
    using links = new DisposableStack()
    this.#join(links)
    this.activateChildren()
    while (!this.childrenDone()) yield* this.pause()
  }

  #join(links: DisposableStack): void {
    let before: Component | null = null
    for (const component of this.#row) {
      if (before === null) {
        links.use(this.link([this, 'inbox'], [component, 'inbox'], 'inbox'))
        links.use(this.link([this, 'control'], [component, 'control'], 'inbox'))
      } else {
        links.use(this.link([before, 'outbox'], [component, 'inbox']))
        links.use(this.link([before, 'signal'], [component, 'control']))
      }
      before = component
    }
    const last = before as Component
    links.use(this.link([last, 'outbox'], [this, 'outbox'], 'outbox'))
    links.use(this.link([last, 'signal'], [this, 'signal'], 'outbox'))
  }
}

// A graphline: components joined as a drawing says, to be used as one component.
//
// Shutdown reaches everybody, whatever the drawing leaves out: with nothing linked from its `control`, the graphline passes
// a request on to each component whose `control` nothing is linked to; and with nothing linked to its `signal`, it says
// itself that it has ended.

import type { Coroutine } from '../../index.ts'
import { Misuse } from '../../index.ts'
import type { BoxKind } from './box.ts'
import { Component } from './component.ts'
import type { Shutdown } from './ipc.ts'
import { ProducerFinished } from './ipc.ts'

interface End {
  readonly component: Component
  readonly box: string
}

/**
 * A graphline of named components. A linkage goes from `'name.box'` to `'name.box'`; `self` is the graphline, which gets
 * every box that is named so: `{ 'self.inbox': 'rate.inbox', 'rate.outbox': 'file.inbox', 'file.outbox': 'self.outbox' }`.
 *
 * It ends once all of the components have.
 *
 * @throws Misuse for a name that no component has, or a link from the graphline to itself
 * @see Kamaelia, "Kamaelia.Chassis.Graphline"
 */
export class Graphline extends Component {
  readonly #components: ReadonlyMap<string, Component>
  readonly #linkages: readonly (readonly [source: End, sink: End])[]

  constructor(components: Readonly<Record<string, Component>>, linkages: Readonly<Record<string, string>>) {
    super()
    this.#components = new Map(Object.entries(components))
    this.#linkages = Object.entries(linkages).map(([source, sink]) => this.#linkage(source, sink))
    this.addChildren(...this.#components.values())
  }

  protected *main(): Coroutine<void> {
    using links = new DisposableStack()
    for (const [source, sink] of this.#linkages) {
      links.use(this.link([source.component, source.box], [sink.component, sink.box], this.#passThrough(source, sink)))
    }
    this.activateChildren()
    let shutdown: Shutdown | null = null
    for (;;) {
      shutdown = this.#passOn(this.receiveShutdown()) ?? shutdown
      if (this.childrenDone()) break
      yield* this.pause()
    }
    if (!this.#isSink(this, 'signal')) this.sendIfLinked(shutdown ?? new ProducerFinished(this), 'signal')
  }

  protected override hasBox(kind: BoxKind, name: string): boolean {
    const isDrawn = kind === 'inbox' ? this.#isSource(this, name) : this.#isSink(this, name)
    return isDrawn || super.hasBox(kind, name)
  }

  #passOn(shutdown: Shutdown | null): Shutdown | null {
    if (shutdown === null) return null
    for (const component of this.#components.values()) {
      if (!this.#isSink(component, 'control')) component.deliver(shutdown, 'control')
    }
    return shutdown
  }

  #linkage(source: string, sink: string): [source: End, sink: End] {
    const ends: [End, End] = [this.#end(source), this.#end(sink)]
    if (ends.every(({ component }) => component === this)) {
      throw new Misuse(`a graphline cannot link itself to itself ('${source}' to '${sink}'): put a component between`)
    }
    return ends
  }

  #end(name: string): End {
    const [, componentName = '', box = ''] = /^([^.]+)\.(.+)$/.exec(name) ?? []
    const component = componentName === 'self' ? this : this.#components.get(componentName)
    if (component !== undefined) return { component, box }
    const known = ['self', ...this.#components.keys()].join(', ')
    throw new Misuse(`an end of a linkage is 'component.box', with one of ${known} for the component (got '${name}')`)
  }

  #passThrough(source: End, sink: End): BoxKind | undefined {
    if (source.component === this) return 'inbox'
    return sink.component === this ? 'outbox' : undefined
  }

  #isSource(component: Component, box: string): boolean {
    return this.#linkages.some(([source]) => source.component === component && source.box === box)
  }

  #isSink(component: Component, box: string): boolean {
    return this.#linkages.some(([, sink]) => sink.component === component && sink.box === box)
  }
}

// What a component does while nothing is there for it: the one thing in which axon and axon-busy differ.

import type { Operation } from '../../index.ts'
import type { Component } from '../../models/axon/index.ts'

export type Idle = (component: Component) => Operation<void>

/** It costs nothing until something arrives. */
export const pausing: Idle = (component) => component.pause()

/** It is asked again on every turn, as in Axon before there was `pause`. */
export const busy: Idle = (component) => component.turn()

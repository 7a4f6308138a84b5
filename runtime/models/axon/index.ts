// Axon: components that talk through boxes. The core of Kamaelia (BBC Research, 2004 on), as a layer on this runtime.
//
// The same as there:
//   - a component has inboxes (`inbox`, `control`) and outboxes (`outbox`, `signal`), more by name, and a `main`; it
//     sends to its own outbox and never knows who reads, because a link made by somebody else leads from there;
//   - a link joins an outbox to an inbox or, passing through, inbox to inbox and outbox to outbox; many may lead to one
//     box, one at most leads away; messages that wait where a new link begins go on along it;
//   - `pause` stops a component until a message arrives in any of its inboxes, a child ends, there is room again where it
//     was refused, or somebody calls `unpause`; messages that wait already do not count;
//   - shutdown is a message: ProducerFinished or ShutdownMicroprocess into `control`, and on out of `signal`.
//
// Different, and why:
//   - what is sent to an outbox that leads nowhere is an error; in Axon it is lost silently, and one forgotten link looks
//     like a program that hangs. Who need not be heard says so: `sendIfLinked`, and all chassis do that at shutdown;
//   - a bare `yield 1` is `yield* this.turn()`, and `self.pause(); yield 1` is `yield* this.pause()`: the runtime runs
//     operations. Before Axon had `pause` it had only turns: `axon-busy` runs the programs so;
//   - components live in a scope: `activate` takes it, a failure cancels the others and is thrown, `run` ends after all;
//   - a link stays until it is disposed of (`using link = this.link(…)`) instead of until its maker ends: no component
//     has to keep a list. An ended component's inbox keeps what comes, as there;
//   - collecting a message wakes only those whom a full inbox has refused. Axon wakes the owner of every linked outbox,
//     each time; but a paused component is to cost nothing;
//   - only what comes after a `pause` ends it. Axon's scheduler handles the wakes of a cycle after its pauses, so that there a
//     component goes on at once that pauses in the very step in which a message came: look into the inboxes first;
//   - an inbox that is enlarged wakes those it has refused; in Axon only collecting a message does;
//   - a component that fails cancels the others; in Axon it ends the scheduler, and with it all that runs, where it stands;
//   - a backplane is handed over as an object; Axon finds it by name in a register of the whole process;
//   - left out: threaded and adaptive components, WaitComplete (`yield*` does it), removeChild, synchronised boxes, the tracker.
//
// Sources: "Build your own Kamaelia core" (the MiniAxon tutorial) and the documentation of Axon.Component, Axon.Box,
// Axon.Postoffice, Axon.Scheduler, Axon.Ipc, Kamaelia.Chassis.Pipeline, Kamaelia.Chassis.Graphline and Kamaelia.Util.Backplane, at
// kamaelia.org.

export { Backplane, PublishTo, SubscribeTo } from './backplane.ts'
export type { Boxes } from './component.ts'
export { Component } from './component.ts'
export { AxonError } from './errors.ts'
export { Graphline } from './graphline.ts'
export { ProducerFinished, ShutdownMicroprocess } from './ipc.ts'
export { Pipeline } from './pipeline.ts'

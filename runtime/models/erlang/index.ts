// Erlang: processes with mailboxes, links, monitors and supervisors. `runNode(body)` is a node, and `body` its first
// process; what a process can do is what its body is given: `self`.
//
// The same as there: a send never waits, and what is sent to the dead goes nowhere; messages from one process arrive in
// their order; a receive takes the first message that fits and leaves the others in order, and `after` loses to a message
// that is there, also at 0. A link is one, however often it is made, and either end may undo it; an exit signal ends whoever
// does not trap it, 'normal' does not (but to oneself), 'kill' ends anybody, as 'killed', when sent, and is a reason like
// any other when it comes over a link. Monitors are many, and tell once. The name is free before links and monitors are
// told, and links before monitors. What `exit` throws can be caught, an exit signal cannot. Supervisors have the three
// strategies, intensity and period, the three kinds of children, and stop them in reverse, within their time.
//
// What differs, and why:
//   - Nothing is preempted. Erlang counts reductions and lets others run after some thousands, wherever that is; here a
//     process hands over when an operation waits or when it has started 128 that did not. A send is no operation: a long
//     loop of sends calls `checkpoint()` now and then.
//   - An exit signal stops a process at its next operation, and if it has not begun at its first, not at once; and its
//     `finally` runs, because what it holds is not freed with a heap of its own. From the signal on it is dead to others
//     (`isAlive`, mail), but links and monitors are told when its finalizers are done. 'kill' does not break a shield.
//   - A failure is its own reason, as an Error with its stack, where Erlang has {Reason, Stack}; and it is reported to the
//     host, as Erlang logs it. Tuples are arrays, records objects with a `type`.
//   - A pattern is a predicate or a shape, and binds nothing. A predicate runs when the message comes, in its sender; one
//     that throws fails the receive, and the message stays. In Erlang a guard that fails does not match.
//   - `select` joins a receive to a timer, a channel or a task of the core. `receiveWithin` is one of those.
//   - A node ends after all of its processes, instead of taking them with it; if its first process is ended by an exit
//     signal or fails, it does take them. There is one node: no distribution, no ports, no shared ETS, no hot code.
//   - Messages are not copied. Do not change what you have sent.
//   - `link` to the dead throws an exit of 'noproc', there an error; the reason is the same.
//   - A child that is not linked to its supervisor by its `start` is linked then. Left out: simple_one_for_one, significant
//     children, restart_child and delete_child, process dictionaries, aliases, timers that send, hibernation.
// Sources: the Erlang Reference Manual ("Processes", "Expressions"), OTP Design Principles ("Supervisor Behaviour") and the
// documentation of the module supervisor; OTP 25 itself, where they leave a question open.

export type { ChildSpec, Restart, Strategy, SupervisorOptions } from './child-spec.ts'
export type { DownMessage, ExitMessage, Monitor } from './exit.ts'
export { BadArgument, Exit } from './exit.ts'
export { runNode } from './node.ts'
export type { Matched, Pattern } from './pattern.ts'
export { anyOf } from './pattern.ts'
export type { Pid, Process, ProcessBody, WithinTime } from './process.ts'
export type { ChildDescription, SupervisorMessage } from './supervisor.ts'
export { startChild, startSupervisor, terminateChild, whichChildren } from './supervisor.ts'

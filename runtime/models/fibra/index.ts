// Fibra: a schedule of plain generators, which yield what they wait for. By Simon Wittber (2007–2011), on this runtime.
//
// The same as there:
//   - a tasklet is a generator; `schedule.install(tasklet)` puts it into the schedule, and `schedule.run()` runs until
//     nobody is left;
//   - `yield` a tasklet, and it takes its turn like all the others; the yield gives its result, or throws what it throws.
//     However deep tasklets yield tasklets, the stack stays flat;
//   - `yield` nothing to let the others go first, a number to sleep for so many seconds, `new Async(tasklet)` to start one
//     beside this one, `new Return(value)` to end this one with a result;
//   - a Tube: `push` goes on at once unless told to wait until its value is popped, `pop` waits unless told to throw
//     instead. Nothing is pushed or popped before it is yielded.
//
// Different, and why:
//   - there, a handler is registered for each type that may be yielded; here any operation of the runtime may be yielded:
//     it knows itself what to do. A tube's push and pop are two of them, and `yield channel.receive()` works as well;
//   - `return value` gives a result, which Python 2 did not let a generator do; Return is there for likeness;
//   - a result is handed over at once, not with another turn: a cancelled tasklet gets no turn, and would lose it;
//   - an error that is pushed is a value, and its pop gives it. There a value that is an exception is thrown into the tasklet
//     that gets it: that is how the schedule itself tells of an empty tube;
//   - a push or pop that need not wait goes on at once; there every yield is a turn, also that one;
//   - a closed tube refuses where a push or pop is yielded, and `close` is a call; there the call refuses, and a close wakes
//     nobody before it is yielded;
//   - an error that no tasklet catches ends the schedule's other tasklets in order, so that each can clean up;
//   - a closed tube can be popped until it is empty; there, what was pushed before the close is lost;
//   - a schedule is an object, and a tube's name is for dumps only; there, both are found by name all over the process;
//   - there is no `tick`: the runtime's scheduler turns the wheel, for all coroutines that it has.
//   - left out: Suspend and Self (a tube resumes a tasklet), Unblock (threads), Read and Write (the host's business).
//
// Sources: fibra's README, its examples (tests/howto_communicate_between_tasks.py, tests/task_return.py, tests/tasks.py,
// tests/ex.py, tests/benchmarks) and the docstrings of its handlers, at github.com/simonwittber/fibra.

export type { Tasklet, Yieldable } from './schedule.ts'
export { Async, Return, Schedule } from './schedule.ts'
export { ClosedTube, EmptyTube, Tube } from './tube.ts'

// Faults: each is what somebody might write by mistake in the runtime, and the explorer must find every one of them. What its
// programs do not use is in tested-faults.ts, where tests must.
//
// A fault replaces one to three lines of the shipped source by others; what it replaces is there exactly once. Where two
// lines do the same in either order, swapping them is no fault: these all change what a program can see.

import { testedFaults } from './tested-faults.ts'

export interface Fault {
  /** What goes wrong, as a sentence. */
  readonly name: string
  /** Below runtime/. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** Found by these tests instead of the explorer, whose programs do not use what is faulty: a path below test/runtime/. */
  readonly tests?: string
  /** It is found by never coming to an end. */
  readonly hangs?: true
}

export const faults: readonly Fault[] = [
  // Select.
  {
    name: 'a select unlinks its winner instead of its losers',
    file: 'select.ts',
    from: '      if (operation !== winner) withdrawSafely(operation, this, waiter)\n',
    to: '      if (operation === winner) withdrawSafely(operation, this, waiter)\n',
  },
  {
    name: 'a select leaves its losers registered',
    file: 'select.ts',
    from: '    this.#letGo(winner, this.waiter)\n',
    to: '',
  },
  {
    name: 'a select that is cancelled leaves its cases registered',
    file: 'select.ts',
    from: '    this.#letGo(null, waiter)\n',
    to: '',
  },
  {
    name: 'a select withdraws one case too few',
    file: 'select.ts',
    from: '    for (let index = this.#registered - 1; index >= 0; index -= 1) {',
    to: '    for (let index = this.#registered - 1; index > 0; index -= 1) {',
  },
  {
    name: 'a select that waited forgets which case has won',
    file: 'select.ts',
    from: '    this.#winner = winner\n    this.complete()',
    to: '    this.complete()',
  },
  {
    name: 'a select polls its first case only',
    file: 'select.ts',
    from: '    for (let index = 0; index < operations.length; index += 1) {',
    to: '    for (let index = 0; index < Math.min(1, operations.length); index += 1) {',
  },
  {
    name: 'a select that draws among its cases forgets the one that it puts aside',
    file: 'select.ts',
    from: '    operations[drawn] = operation\n',
    to: '',
  },
  {
    name: 'a select takes turns instead of the first one that is ready, told to go in order',
    file: 'select.ts',
    from: "    this.#isRandom = options?.order !== 'first'",
    to: "    this.#isRandom = options?.order !== 'last'",
  },
  // Operations.
  {
    name: 'an operation takes before it asks whether it may',
    file: 'core/operation.ts',
    from: '    if (!enter(state)) return this.holdOn()\n    return this.poll() ? this.finish() : this.standInLine()',
    to: '    if (this.poll()) return this.finish()\n    if (!enter(state)) return this.holdOn()\n    return this.standInLine()',
  },
  {
    name: 'an operation that was held for its cancel is done all the same',
    file: 'core/operation.ts',
    from: '  if (task.isCancelled) {\n    if (task.wasTold)',
    to: '  if (task.isCancelled && state !== HELD) {\n    if (task.wasTold)',
  },
  {
    name: 'a cancel is thrown without a trip through the run queue',
    file: 'core/operation.ts',
    from: '    return currentTask().renewBudget()\n',
    to: '    if (currentTask().isCancelled) throw currentTask().cancellation()\n    return currentTask().renewBudget()\n',
  },
  {
    name: 'operations do not use up a budget',
    file: 'core/operation.ts',
    from: '      running.budget -= 1\n',
    to: '',
  },
  {
    name: 'an operation that is withdrawn stays in its queue',
    file: 'core/operation.ts',
    from: '    this.unlink()\n    this.waiter = null\n  }',
    to: '    this.waiter = null\n  }',
  },
  // Channels.
  {
    name: 'a channel drops what the sender who waited longest wanted to put into the buffer',
    file: 'channel.ts',
    from: '      buffer.push(sender.value as T)\n      sender.complete()',
    to: '      sender.complete()',
  },
  {
    name: 'a channel forgets who else waits when it is closed',
    file: 'channel.ts',
    from: '    for (let waiting = this.shift(); waiting !== undefined; waiting = this.shift()) waiting.refuse()',
    to: '    this.shift()?.refuse()',
  },
  {
    name: 'a channel lets a sender pass a receiver that waits',
    file: 'channel.ts',
    from: '    const receiver = this.takeReceiver()\n    if (receiver !== undefined) {',
    to: '    const receiver = this.length < this.room ? undefined : this.takeReceiver()\n    if (receiver !== undefined) {',
  },
  {
    name: 'a channel holds one value too many',
    file: 'channel.ts',
    from: '    if (this.length < this.room) {\n      this.buffer ??= new Ring()',
    to: '    if (this.length <= this.room) {\n      this.buffer ??= new Ring()',
  },
  {
    name: 'a channel that drops the oldest drops nothing',
    file: 'channel.ts',
    from: '      const oldest = this.buffer?.shift() as T\n',
    to: '      const oldest = value\n',
  },
  {
    name: 'a channel that drops the latest says that it was sent',
    file: 'channel.ts',
    from: "    if (overflow === 'dropLatest') this.tellDropped(value)\n    return false",
    to: "    return overflow === 'dropLatest'",
  },
  // The queues below.
  {
    name: 'a wait list serves last who came first',
    file: 'core/wait-list.ts',
    from: '    const last = this.ahead as LinkBase\n    member.ahead = last\n    member.behind = this',
    to: '    const last = this as LinkBase\n    member.ahead = last\n    member.behind = this.behind as LinkBase',
  },
  {
    name: 'a wait list loses whoever stood behind one that leaves',
    file: 'core/wait-list.ts',
    from: '    ahead.behind = behind\n    behind.ahead = ahead\n    this.ahead',
    to: '    ahead.behind = behind\n    this.ahead',
  },
  {
    name: 'a block of children is left out while somebody stands in it',
    file: 'core/children.ts',
    from: '    if (block.count > 0) return\n',
    to: '    if (block.count > 1) return\n',
  },
  {
    name: 'a scope gives the place of a child away that is still there',
    file: 'core/children.ts',
    from: '    block.used += 1\n',
    to: '    block.used = block.count + 1\n',
  },
  {
    name: 'a ring that wraps around grows in the wrong order',
    file: 'core/ring.ts',
    from: 'slots[place] = old[(this.#head + place) & (old.length - 1)]',
    to: 'slots[place] = old[place]',
  },
  // Timers.
  {
    name: 'a time-out that loses its select stays in the heap',
    file: 'timing.ts',
    from: '    this.#scheduler?.removeTimer(this)\n    super.withdraw(waiter)',
    to: '    super.withdraw(waiter)',
  },
  {
    name: 'a ticker stays in the heap when nobody waits any more',
    file: 'timing.ts',
    from: '    if (this.#waiting.isEmpty) this.#scheduler.removeTimer(this)',
    to: '    if (this.isStopped) this.#scheduler.removeTimer(this)',
  },
  {
    name: 'a ticker forgets those who wait after the first',
    file: 'timing.ts',
    from: '    if (!this.#waiting.isEmpty) this.#scheduler.addTimer(this)\n',
    to: '',
  },
  {
    name: 'a timer that sinks in the heap takes the later of two children for the earlier',
    file: 'core/timer-heap.ts',
    from: '      if (child + 1 < length && isBefore(this.#at(child + 1), this.#at(child))) child += 1',
    to: '      if (child + 1 < length && !isBefore(this.#at(child + 1), this.#at(child))) child += 1',
  },
  {
    name: 'a timer that takes the place of one removed does not sink',
    file: 'core/timer-heap.ts',
    from: '    this.#sink(last, last.place)\n',
    to: '',
  },
  {
    name: 'timers that are due together go off in no order',
    file: 'core/timer-heap.ts',
    from: '  return a.due < b.due || (a.due === b.due && a.order < b.order)',
    to: '  return a.due < b.due',
  },
  // Latches and signals.
  {
    name: 'a latch wakes one instead of all',
    file: 'latch.ts',
    from: '    for (let wait = this.#waiting.shift(); wait !== undefined; wait = this.#waiting.shift()) wait.complete()',
    to: '    this.#waiting.shift()?.complete()',
  },
  {
    name: 'a latch does not stay open',
    file: 'latch.ts',
    from: '    this.#isOpen = true\n',
    to: '',
  },
  {
    name: 'whoever no longer waits for a signal goes on listening',
    file: 'until.ts',
    from: '    this.#listener.stop()\n    super.withdraw(waiter)',
    to: '    super.withdraw(waiter)',
  },
  {
    name: 'whoever no longer waits for the outside still holds the scheduler',
    file: 'until.ts',
    from: '    this.release()\n    super.withdraw(waiter)',
    to: '    super.withdraw(waiter)',
  },
  // Broadcasts.
  {
    name: 'a broadcast wakes one reader instead of all',
    file: 'broadcast.ts',
    from: '    for (let waiting = this.#waiting.shift(); waiting !== undefined; waiting = this.#waiting.shift()) waiting.complete()',
    to: '    this.#waiting.shift()?.complete()',
  },
  {
    name: 'a reader that was lapped goes on one value too late',
    file: 'broadcast-subscription.ts',
    from: '    const from = Math.max(this.#position, broadcast.earliest)',
    to: '    const from = Math.max(this.#position, broadcast.earliest > 0 ? broadcast.earliest + 1 : 0)',
  },
  {
    name: 'a reader that reads a part of what there is misses the rest',
    file: 'broadcast-subscription.ts',
    from: '    this.#position = to\n',
    to: '    this.#position = broadcast.head\n',
  },
  {
    name: 'two lines swapped where a reader that has lost its select is unlinked',
    file: 'broadcast-subscription.ts',
    from: '    if (this.isLinked) this.subscription.waiting -= 1\n    super.withdraw(waiter)',
    to: '    super.withdraw(waiter)\n    if (this.isLinked) this.subscription.waiting -= 1',
  },
  // Tasks.
  {
    name: 'a cancel does not reach a coroutine that is parked',
    file: 'core/task.ts',
    from: "    if (this.state !== 'parked' || this.operation === null) return",
    to: '    if (this.operation !== null) return',
  },
  {
    name: 'a coroutine that is cancelled is woken and its operation stays',
    file: 'core/task.ts',
    from: '    if (this.operation !== null) withdrawSafely(this.operation, this, this)\n',
    to: '',
  },
  {
    name: 'a join reports a cancelled task before its finalizers are done',
    file: 'core/task.ts',
    from: '    return this.#task.hasEnded\n',
    to: '    return this.#task.hasEnded || this.#task.reason !== null\n',
  },
  {
    name: 'the end of a task wakes one who joins it instead of all',
    file: 'core/task.ts',
    from: '    for (let joiner = joiners.shift(); joiner !== undefined; joiner = joiners.shift()) joiner.complete()',
    to: '    joiners.shift()?.complete()',
  },
  {
    name: 'a task that is cancelled and fails of something else counts as cancelled',
    file: 'core/task.ts',
    from: '    if (this.reason !== null && findCancelled(error) !== undefined) {',
    to: '    if (this.reason !== null) {',
  },
  {
    name: 'a task that was cancelled hides what its disposals threw',
    file: 'core/task.ts',
    from: '      for (const failure of failuresBeside(error)) this.scheduler.report(failure)\n',
    to: '',
  },
  {
    name: 'a task that has ended stays among the children of its scope',
    file: 'core/task.ts',
    from: '    this.outer.children.remove(this as CoroutineTask<unknown>)\n',
    to: '',
  },
  {
    name: 'a task that has ended still listens to the signal it was tied to',
    file: 'core/task.ts',
    from: '      this.extras.ties?.loosen()\n',
    to: '',
  },
  {
    name: 'a child does not inherit the locals of its spawner',
    file: 'core/scope.ts',
    from: '    if (spawner !== null && spawner.locals !== null) task.locals = spawner.locals\n',
    to: '',
  },
  {
    name: 'a local that was set for a block stays set',
    file: 'local.ts',
    from: '        if (!isRestored) this.#restore(task, before)\n',
    to: '',
  },
  // Scopes.
  {
    name: 'a scope ends with its body, before its children',
    file: 'core/scope-operation.ts',
    from: '    if (this.#hasCome()) {\n      this.#close(host)',
    to: '    if (this.hasEnded || !this.isShielded) {\n      this.#close(host)',
  },
  {
    name: 'a scope ends with the first of its children',
    file: 'core/scope-operation.ts',
    from: '    if (!this.#bodyHasEnded || !this.#hasCome()) return',
    to: '    if (!this.#bodyHasEnded || this.hasEnded) return',
  },
  {
    name: 'the limit of a body that is done stays in the heap',
    file: 'core/scope.ts',
    from: '    if (this.deadline !== null) this.scheduler.removeTimer(this.deadline)\n',
    to: '',
  },
  {
    name: 'a limit can be moved nearer and not farther away',
    file: 'core/deadline.ts',
    from: '    this.due = scheduler.now() + limitMs',
    to: '    this.due = Math.min(this.due, scheduler.now() + limitMs)',
  },
  {
    name: 'a scope that has ended still listens to the signal it was tied to',
    file: 'core/scope.ts',
    from: '    this.#ties?.loosen()\n',
    to: '',
  },
  {
    name: 'a signal that is asked for after the cancel does not tell of it',
    file: 'core/abort-ties.ts',
    from: '      if (isCancelled) this.#controller.abort(reason)\n',
    to: '',
  },
  {
    name: 'a supervisor is told only of those whom nobody joins',
    file: 'core/scope.ts',
    from: '    else if (supervision !== true) this.#tell(supervision, child)',
    to: '    else if (supervision !== true && !child.isObserved) this.#tell(supervision, child)',
  },
  {
    name: 'a scope that was cut off gives half of the work for the whole',
    file: 'core/scope-operation.ts',
    from: '    if (this.#bodyHasEnded && this.endings?.hasBegun !== true) this.#unwoundBy ??= this.reason\n',
    to: '',
  },
  {
    name: 'a scope that was cut off while its body was about to end gives half of the work for the whole',
    file: 'core/scope-operation.ts',
    from: '    if (isUnaware && this.#wasCutOff) this.#unwoundBy = this.reason\n',
    to: '',
  },
  {
    name: 'a cancel from around a scope ends at that scope',
    file: 'core/scope-operation.ts',
    from: '      throw this.#unwoundBy\n',
    to: '',
  },
  {
    name: 'a shield that is entered while cancelled is cancelled',
    file: 'core/scope.ts',
    from: '    this.reason = this.isShielded ? null : host.innermost.reason',
    to: '    this.reason = host.innermost.reason',
  },
  {
    name: 'a shield lets in a cancel that comes later',
    file: 'core/cancel-node.ts',
    from: '    if (node.reason !== null || (node.isShielded && node !== from)) continue',
    to: '    if (node.reason !== null) continue',
  },
  {
    name: 'a child that fails does not stop its siblings',
    file: 'core/scope.ts',
    from: '    this.failure = { error, child }\n    this.stop(error)',
    to: '    this.failure = { error, child }',
  },
  {
    name: 'a second failure is kept from the host',
    file: 'core/scope.ts',
    from: '      if (!this.#isKnown(error)) this.scheduler.report(error)\n',
    to: '',
  },
  {
    name: 'a scope that has ended admits children',
    file: 'core/scope.ts',
    from: '    if (this.hasEnded) throw new Misuse(`${body.name',
    to: '    if (this.hasEnded && body.length > 99) throw new Misuse(`${body.name',
  },
  // The scheduler.
  {
    name: 'a scheduler lets off one timer at a time',
    file: 'core/scheduler.ts',
    from: '    for (let timer = this.#timers.takeDue(now); timer !== undefined; timer = this.#timers.takeDue(now)) timer.fire(now)\n',
    to: '    this.#timers.takeDue(now)?.fire(now)\n',
  },
  {
    name: 'a scheduler sleeps on when somebody is woken from outside',
    file: 'core/scheduler.ts',
    from: '    this.#queue.push(task)\n    if (!this.#drainIsComing) this.#askForDrain()',
    to: '    this.#queue.push(task)',
  },
  {
    name: 'a scheduler does not look at a timer that is set from outside',
    file: 'core/scheduler.ts',
    from: '    // Also while a coroutine runs: it may be one of another scheduler, with no drain of this one to come.\n    this.#askForDrain()\n',
    to: '',
  },
  {
    name: 'a scheduler keeps waiting for the timer that was the first one',
    file: 'core/host-timer.ts',
    from: '    } else if (due < this.#due) {',
    to: '    } else if (this.#undo === null) {',
  },
  {
    name: 'a scheduler calls it a deadlock while somebody waits for the outside',
    file: 'core/scheduler.ts',
    from: '    if (this.#timers.size > 0 || this.#holds.size > 0) return',
    to: '    if (this.#timers.size > 0) return',
  },
  {
    name: 'a scheduler leaves those behind shields to their deadlock',
    file: 'core/scheduler.ts',
    from: '    if (this.#queue.length === 0) this.#breakShields(deadlock)\n',
    to: '',
  },
  {
    name: 'a checkpoint that hands over to the host never comes back',
    file: 'core/scheduler.ts',
    from: '    this.#queue.unshift(task)\n',
    to: '',
  },
  // What happens only where much is queued, buffered or set.
  {
    name: 'timers are looked at only when few are set',
    file: 'core/scheduler.ts',
    from: '    if (this.#chosen !== undefined) return now\n',
    to: '    if (this.#chosen !== undefined || this.#timers.size > 12) return now\n',
    hangs: true,
  },
  {
    name: 'a channel that drops the oldest drops the newest, with more than eight buffered',
    file: 'channel.ts',
    from: "    if (overflow === 'dropOldest') {\n",
    to: "    if (overflow === 'dropOldest' && this.length > 8) return true\n    if (overflow === 'dropOldest') {\n",
  },
  {
    name: 'a channel that drops the latest says that it was sent, with more than eight buffered',
    file: 'channel.ts',
    from: "    if (overflow === 'dropLatest') this.tellDropped(value)\n    return false",
    to: "    return overflow === 'dropLatest' && this.length > 8",
  },
  {
    name: 'a channel with more than eight buffered leaves its senders parked',
    file: 'channel.ts',
    from: '    const sender = this.takeSender()\n    if (sender !== undefined) {\n      buffer.push',
    to: '    const sender = this.length > 7 ? undefined : this.takeSender()\n    if (sender !== undefined) {\n      buffer.push',
  },
  {
    name: 'a ring that grows keeps its items in the order of its slots',
    file: 'core/ring.ts',
    from: 'slots[place] = old[(this.#head + place) & (old.length - 1)]',
    to: 'slots[place] = old[place]',
  },
  {
    name: 'a broadcast that holds more than four shows no more than four',
    file: 'broadcast.ts',
    from: '    return this.#head - this.#slots.length\n',
    to: '    return this.#head - Math.min(this.#slots.length, 4)\n',
  },
  {
    name: 'a run queue loses the last one of a full block',
    file: 'core/run-queue.ts',
    from: '    if (this.#start === places.length) this.#leaveFirst()',
    to: '    if (this.#start === places.length - (places.length > 8 ? 1 : 0)) this.#leaveFirst()',
  },
  {
    name: 'a latch wakes no more than twelve who wait for it',
    file: 'latch.ts',
    from: '    for (let wait = this.#waiting.shift(); wait !== undefined; wait = this.#waiting.shift()) wait.complete()\n',
    to: '    for (let wait = this.#waiting.shift(), left = 12; wait !== undefined && left > 0; wait = this.#waiting.shift(), left -= 1) wait.complete()\n',
  },
  {
    name: 'a signal is heard by no more than four who wait for it',
    file: 'core/abort-listeners.ts',
    from: '    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next.onAbort()\n',
    to: '    for (let next = waiting.shift(), left = 4; next !== undefined && left > 0; next = waiting.shift(), left -= 1) next.onAbort()\n',
  },
  {
    name: 'a supervisor is told of none but the first few failures',
    file: 'core/scope.ts',
    from: '    running.mourned = child\n',
    to: '    running.mourned = child\n    if (child.id > 8) return\n',
  },
  ...testedFaults,
]

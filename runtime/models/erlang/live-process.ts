// A process as its body sees it: the built-in functions of Erlang that have to do with processes.

import type { Operation, Selectable } from '../../index.ts'
import { after, select, trySelect } from '../../index.ts'
import type { Monitor } from './exit.ts'
import { BadArgument, Exit } from './exit.ts'
import { Life } from './life.ts'
import { Receive } from './mailbox.ts'
import type { Pid, Process, ProcessBody, WithinTime } from './process.ts'
import { LiveMonitor } from './ties.ts'

export class LiveProcess extends Life implements Process<unknown> {
  get messageQueueLength(): number {
    return this.mailbox.length
  }

  receive<Message>(pattern?: unknown): Selectable<Message> {
    return new Receive<Message>(this.mailbox, pattern)
  }

  receiveWithin<Message>(ms: number, pattern?: unknown): Operation<WithinTime<Message>> {
    return select({ message: this.receive<Message>(pattern), after: after(ms) }, { order: 'first' })
  }

  send(to: Pid | string, message: unknown): void {
    const process = typeof to === 'string' ? this.node.names.get(to) : (to as LiveProcess)
    process.accept(message)
  }

  spawn<M, Args extends unknown[]>(body: ProcessBody<M, Args>, ...args: Args): Pid<M> {
    const process = new LiveProcess(this.node)
    process.task = this.node.scope.spawn(body, process as unknown as Process<M>, ...args)
    return process
  }

  spawnLink<M, Args extends unknown[]>(body: ProcessBody<M, Args>, ...args: Args): Pid<M> {
    const pid = this.spawn(body, ...args)
    this.link(pid)
    return pid
  }

  spawnMonitor<M, Args extends unknown[]>(
    body: ProcessBody<M, Args>,
    ...args: Args
  ): { readonly pid: Pid<M>; readonly monitor: Monitor } {
    const pid = this.spawn(body, ...args)
    return { pid, monitor: this.monitor(pid) }
  }

  exit(reason: unknown): never {
    // Who has ties is joined, so that its exit is no failure that nobody has looked at.
    this.tied()
    throw new Exit(reason)
  }

  isAlive(pid: Pid): boolean {
    return (pid as LiveProcess).lives
  }

  link(pid: Pid): void {
    const other = pid as LiveProcess
    if (other === this) return
    if (!other.hasEnded) {
      this.tied().links.add(other)
      other.tied().links.add(this)
    } else if (this.trapExit) {
      this.receiveExit(other, 'noproc', 'link')
    } else {
      throw new Exit('noproc')
    }
  }

  unlink(pid: Pid): void {
    const other = pid as LiveProcess
    if (this.ties?.links.delete(other)) other.ties?.links.delete(this)
  }

  signalExit(pid: Pid, reason: unknown): void {
    const other = pid as LiveProcess
    other.receiveExit(this, reason, 'sent')
    // A signal to oneself has come before this returns. Whoever catches this is cancelled at the next operation.
    if (other === this && !this.lives) throw new Exit(reason)
  }

  monitor(process: Pid | string): Monitor {
    const target = typeof process === 'string' ? this.node.names.find(process) : (process as LiveProcess)
    const monitor = new LiveMonitor(this, process, target ?? null)
    if (target === undefined || target.hasEnded) monitor.tell('noproc')
    else monitor.start()
    return monitor
  }

  demonitor(monitor: Monitor, { flush = false }: { readonly flush?: boolean } = {}): void {
    const { watcher } = monitor as LiveMonitor
    if (watcher !== this) throw new BadArgument(`the monitor is not one of ${this}: ${watcher} has to undo it`)
    ;(monitor as LiveMonitor).stop()
    if (flush) trySelect({ message: this.receive({ type: 'DOWN', monitor }) })
  }

  register(name: string, pid: Pid): void {
    this.node.names.register(name, pid as LiveProcess)
  }

  unregister(name: string): void {
    this.node.names.unregister(name)
  }

  whereis<M>(name: string): Pid<M> | undefined {
    return this.node.names.find(name)
  }

  registered(): string[] {
    return this.node.names.all
  }
}

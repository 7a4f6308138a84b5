// A preload for a server: SIGUSR2 sets its wall clock back by an hour, SIGHUP forward by two days, as a step of NTP or a
// machine that was suspended does. The monotonic clock and the timers go on as before.

const wallClock = Date.now
let shiftMs = 0

Date.now = () => wallClock() + shiftMs

function shiftOn(signal: NodeJS.Signals, ms: number): void {
  process.on(signal, () => {
    shiftMs += ms
    process.stdout.write('the clock is set\n')
  })
}

shiftOn('SIGUSR2', -60 * 60 * 1_000)
shiftOn('SIGHUP', 2 * 24 * 60 * 60 * 1_000)

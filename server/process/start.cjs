// Starts a program of the server: `node server/process/start.cjs server/main.ts …`, which is `npm start`.
//
// It checks the version of Node, and starts the program with the flags of V8 from v8-flags.json. A flag that a later Node does
// not know is left out, and that is said in a line: the program runs without what the reason beside the flag tells of.
//
// It is plain JavaScript of the kind that every Node can read, so that an old one can say what is missing.

const { execArgv, versions } = process
const major = Number(versions.node.split('.')[0])
const { flags, knownToNode } = require('./v8-flags.json')

if (major < knownToNode) {
  // A checkout has it among what it needs for development; beside an installed package it is a package more.
  const isInstalled = __dirname.includes('node_modules')
  const bring = isInstalled ? `"npm install node@${knownToNode}"` : '"npm ci" without --omit=dev'
  process.stderr.write(
    `encke: Node ${knownToNode} or newer is needed, this is ${versions.node}: install it, or run ${bring}, which brings it\n`,
  )
  process.exitCode = 2
} else {
  start([...flagsToUse(), ...execArgv, '--require', `${__dirname}/first.cjs`, ...process.argv.slice(2)])
}

function start(words) {
  // The new process has the place and the number of this one. What it cannot have is a handler for signals before it has begun:
  // the first process of a container would lose them, for the kernel ignores what such a process does not handle.
  if (process.execve === undefined || process.platform === 'win32' || process.pid === 1 || process.connected) {
    startChild(words)
  } else {
    process.execve(process.execPath, [process.execPath, ...words], process.env)
  }
}

/** Run it in a child that has the signals passed on and a group of its own: what a terminal sends comes once, from here. */
function startChild(words) {
  const isWindows = process.platform === 'win32'
  let child
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => isWindows || child.kill(signal))
  child = require('node:child_process').spawn(process.execPath, words, {
    stdio: 'inherit',
    detached: !isWindows,
  })
  child.on('exit', (code, signal) => {
    // One that was told to stop before it could listen has stopped as it was told.
    const wasStopped = signal === 'SIGTERM' || signal === 'SIGINT'
    process.exit(wasStopped ? 0 : code === null ? 1 : code)
  })
}

/** The flags that this Node knows. To ask it takes a process, so it is asked only when it is newer than the one they were tried with. */
function flagsToUse() {
  const wanted = Object.keys(flags)
  if (major === knownToNode) return wanted
  const { stdout } = require('node:child_process').spawnSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
  return wanted.filter((flag) => {
    const name = flag.replace(/=.*/, '').replace(/^--no-/, '--')
    const isKnown = stdout.includes(`${name} (`)
    if (!isKnown) process.stderr.write(`encke: Node ${versions.node} does not know ${flag}: it starts without\n`)
    return isKnown
  })
}

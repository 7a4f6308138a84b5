// What runs before a program of the server, in the process that has its flags (start.cjs): `--require` of Node.
//
// The signals that stop a process end it from here on; a program that has something to finish takes them over. Types are
// stripped and code is compiled once for all starts; where the folder cannot be written it starts as before.

const stop = () => process.exit(0)
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
require('node:module').enableCompileCache(require('node:path').join(__dirname, '../../node_modules/.cache/node'))

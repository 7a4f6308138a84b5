#!/usr/bin/env node
// The command `encke` of the package: the program beside this folder, on the Node and with the flags that start.cjs sees to.

const { existsSync } = require('node:fs')
const { join } = require('node:path')

// Compiled in a package, as it is written in the checkout.
const compiled = join(__dirname, '../main.js')
process.argv.splice(2, 0, existsSync(compiled) ? compiled : join(__dirname, '../main.ts'))
require('./start.cjs')

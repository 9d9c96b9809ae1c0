#!/usr/bin/env node
'use strict';
// Written so that Node 4 parses it: an old Node gets a sentence instead of a syntax error. The package.json beside this file makes it
// CommonJS, which every Node runs. No comma may end the arguments of a call (Node 8), and `import()` would not parse before Node 10.

function isNewEnough(version) {
  const parts = version.split('.');
  return Number(parts[0]) > 22 || (Number(parts[0]) === 22 && Number(parts[1]) >= 19);
}

/** Node 22 warns when node:sqlite is loaded, which is how a store is locked: no user's business. Every other warning is shown. */
function silenceSqliteWarning() {
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, type, code, ctor) => {
    const isSqlite = String(warning).indexOf('SQLite is an experimental feature') === 0;
    if (!isSqlite || type !== 'ExperimentalWarning') emitWarning.call(process, warning, type, code, ctor);
  };
}

/** Names are looked up on half of libuv's threads, of which there are 4: two names that hang would hold up every other. Read at the first use. */
function widenThreadPool() {
  if (process.env.UV_THREADPOOL_SIZE === undefined) process.env.UV_THREADPOOL_SIZE = '32';
}

/**
 * Compiled code is kept for the next start. V8 runs what it finds there without a look at it, and Node's own place for it is a folder of one
 * name for all users of the machine: so it is a folder of our own, and only where nobody else can have written into it.
 */
function keepCompiled() {
  const enable = require('node:module').enableCompileCache;
  if (process.env.NODE_COMPILE_CACHE || !process.getuid) return enable();
  const fs = require('node:fs');
  const folder = require('node:path').join(require('node:os').tmpdir(), `fetch-pages-compiled-${process.getuid()}`);
  try {
    fs.mkdirSync(folder, 0o700);
  } catch (error) {
    if (error.code !== 'EEXIST') return;
  }
  const found = fs.lstatSync(folder);
  const isOurs = found.isDirectory() && found.uid === process.getuid() && (found.mode & 0o022) === 0;
  if (isOurs) enable(folder);
}

/** SIGUSR1 asks for a status line. Until somebody listens to it, Node would take it for a wish to debug the program, and open a port. */
function heedStatusRequests() {
  process.on('SIGUSR1', () => {});
}

function start() {
  const main = require('node:path').join(__dirname, '..', 'dist', 'cli', 'main.cjs');
  if (!require('node:fs').existsSync(main)) {
    return fail('fetch-pages is not built in this checkout; run npm run build first.');
  }
  silenceSqliteWarning();
  widenThreadPool();
  keepCompiled();
  require(main).main(require('../package.json'));
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}

if (isNewEnough(process.versions.node)) {
  heedStatusRequests();
  start();
} else {
  const needed = `fetch-pages needs Node.js 22.19 or newer, and this is ${process.version}`;
  fail(`${needed}; get it from https://nodejs.org, or with nvm install 24.`);
}

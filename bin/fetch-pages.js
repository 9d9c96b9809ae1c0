#!/usr/bin/env node
'use strict';
// Written so that Node 4 parses it: an old Node gets a sentence instead of a syntax error. The package.json beside this file makes it
// CommonJS, which every Node runs. No comma may end the arguments of a call (Node 8), and `import()` would not parse before Node 10,
// so the program is loaded with require, which takes modules from 22.12 on.

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

function start() {
  const main = require('node:path').join(__dirname, '..', 'dist', 'cli', 'main.js');
  if (!require('node:fs').existsSync(main)) {
    return fail('fetch-pages is not built in this checkout; run npm run build first.');
  }
  silenceSqliteWarning();
  require('node:module').enableCompileCache();
  require(main).main(require('../package.json'));
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}

if (isNewEnough(process.versions.node)) {
  start();
} else {
  const needed = `fetch-pages needs Node.js 22.19 or newer, and this is ${process.version}`;
  fail(`${needed}; get it from https://nodejs.org, or with nvm install 24.`);
}

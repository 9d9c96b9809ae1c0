// Installs the packed package elsewhere, as a user would, and uses it: the command, the library, the types, the man page.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Uses what a program would, in strict TypeScript, and fetches through it. */
const CONSUMER = `
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FetchedPage, type FetchPagesOptions, fetchPages, UsageError } from 'fetch-pages';

const server = createServer((request, response) => void response.end('page ' + request.url)).listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = 'http://127.0.0.1:' + (server.address() as AddressInfo).port;
const options: FetchPagesOptions = { concurrency: 2, retries: 0, signal: new AbortController().signal };
const bodies = new Map<string, string>();
for await (const page of fetchPages([origin + '/1', { url: origin + '/2', id: 'two' }], options)) {
  const { url, outcome, id, body }: FetchedPage = page;
  if (outcome !== 'ok' || body === undefined) throw new Error(url + ': ' + outcome);
  bodies.set(id ?? url, new TextDecoder().decode(body));
}
server.close();
if (bodies.get(origin + '/1') !== 'page /1' || bodies.get('two') !== 'page /2') throw new Error('wrong bodies');
try {
  for await (const _ of fetchPages([])) throw new Error('there was a page');
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
}
// @ts-expect-error an option that there is not
fetchPages([], { concurency: 2 });
console.log('the library fetched', bodies.size, 'pages');
`;

/** Every Node that it runs on can require modules. */
const REQUIRING = `
const { fetchPages } = require('fetch-pages');
if (typeof fetchPages !== 'function') throw new Error('nothing was required');
`;

const TSCONFIG = {
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    // The package's declarations are checked too.
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(process.cwd(), 'node_modules', '@types')],
  },
  files: ['consumer.ts'],
};

/** As outside of this project: npm runs on the Node that it came with, as a user's does. */
const USERS_PATH = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((entry) => !entry.endsWith(join('node_modules', '.bin')))
  .join(delimiter);

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fetch-pages-package-')));
try {
  const packed = npm(process.cwd(), ['pack', '--silent', '--pack-destination', folder]);
  const tarball = join(folder, packed.trim().split('\n').at(-1) ?? '');
  const installed = join(folder, 'installed');
  mkdirSync(installed);
  writeFileSync(join(installed, 'package.json'), '{ "private": true, "type": "module" }\n');
  writeFileSync(join(installed, 'consumer.ts'), CONSUMER);
  writeFileSync(join(installed, 'requiring.cjs'), REQUIRING);
  writeFileSync(join(installed, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  npm(installed, ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball]);
  console.log(run(installed, 'node_modules/.bin/fetch-pages', ['--version']).trim());
  run(installed, 'node_modules/.bin/fetch-pages', ['--demo']);
  run(installed, process.execPath, [join(process.cwd(), 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.']);
  console.log(run(installed, process.execPath, ['consumer.ts']).trim());
  run(installed, process.execPath, ['requiring.cjs']);
  const prefix = join(folder, 'global');
  // --offline: all of it has just been fetched, and with --prefix npm does not see the machine's own configuration.
  npm(folder, [
    'install',
    '--global',
    '--prefix',
    prefix,
    '--offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    tarball,
  ]);
  if (!existsSync(join(prefix, 'share', 'man', 'man1', 'fetch-pages.1'))) throw new Error('no man page was installed');
  console.log('the man page is where man(1) looks for it');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function npm(cwd: string, argv: readonly string[]): string {
  return run(cwd, 'npm', argv, { ...process.env, PATH: USERS_PATH });
}

/** Its standard output; standard error is shown. Throws where it does not end with 0. */
function run(cwd: string, command: string, argv: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  console.log(`$ ${command} ${argv.join(' ')}`);
  return execFileSync(command, argv, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

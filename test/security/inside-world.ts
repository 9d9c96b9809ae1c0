/*
 * A small internet, run by `unshare` in a network of its own: a name server, a server at a public address, and one that is reached at every
 * other address. It runs the bin with the given arguments in it, and tells as JSON what came of that.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import {
  INSIDE_ADDRESSES,
  INSIDE_PORT,
  NAMES,
  OUTSIDE_ADDRESS,
  OUTSIDE_PORT,
  type WorldEnding,
} from './world-addresses.ts';

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'fetch-pages.js');
const [folder = '', ...argv] = process.argv.slice(2);

execFileSync('ip', ['link', 'set', 'lo', 'up']);
for (const address of [OUTSIDE_ADDRESS, ...INSIDE_ADDRESSES]) {
  const [length, more] = address.includes(':') ? ['128', ['nodad']] : ['32', []];
  execFileSync('ip', ['addr', 'add', `${address}/${length}`, 'dev', 'lo', ...more]);
}
for (const [name, text] of [
  ['resolv.conf', 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n'],
  ['hosts', '127.0.0.1 localhost\n::1 localhost\n'],
  ['nsswitch.conf', 'hosts: files dns\n'],
] as const) {
  writeFileSync(join(folder, name), text);
  execFileSync('mount', ['--bind', join(folder, name), `/etc/${name}`]);
}

const lookUps = new Map<string, number>();
const names = createSocket('udp4');
names.on('message', (query, peer) => names.send(answerTo(query), peer.port, peer.address));
names.bind(53, '127.0.0.1');
await once(names, 'listening');

/** RFC 1035 §4: one question, and A records for it. The answers of a name are taken in turn; the last one stays. */
function answerTo(query: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const type = query.readUInt16BE(at + 1);
  const name = labels.join('.').toLowerCase();
  const turns = NAMES[name];
  const addresses = type === 1 && turns !== undefined ? (turns[Math.min(turnOf(name), turns.length - 1)] ?? []) : [];
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(turns === undefined ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(addresses.length, 6);
  head.fill(0, 8, 12);
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([head, query.subarray(12, at + 5), ...records]);
}

function turnOf(name: string): number {
  const turn = lookUps.get(name) ?? 0;
  lookUps.set(name, turn + 1);
  return turn;
}

const insideHosts: string[] = [];
let insideConnections = 0;
const inside = createServer((request, response) => {
  insideHosts.push(request.headers.host ?? '');
  response.end('inside');
});
inside.on('connection', (socket) => {
  // What comes to the public address comes to the public.
  if (socket.localAddress !== `::ffff:${OUTSIDE_ADDRESS}`) insideConnections += 1;
});
inside.listen(INSIDE_PORT, '::');
await once(inside, 'listening');

const outside = createServer((request, response) => {
  const [, location] = /^\/to\?(.*)$/.exec(request.url ?? '') ?? [];
  // A connection is not used again: the next page asks for the name anew, or uses what was checked.
  response.writeHead(location === undefined ? 200 : 302, { connection: 'close', ...(location && { location }) });
  response.end('outside');
});
outside.listen(OUTSIDE_PORT, OUTSIDE_ADDRESS);
await once(outside, 'listening');

const child = spawn(process.execPath, [BIN, ...argv], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
let stderr = '';
child.stderr.setEncoding('utf8').on('data', (text: string) => {
  stderr += text;
});
const [code] = await once(child, 'close');
const ending: WorldEnding = { code, stderr, insideConnections, insideHosts };
process.stdout.write(JSON.stringify(ending));
process.exit();

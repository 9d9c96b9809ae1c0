import { isIP, type Socket } from 'node:net';
import type { FailureCode } from '../core/failure.ts';
import { ConnectFailure } from './connect-failure.ts';
import type { ProxyServer } from './proxy.ts';
import { readUntil } from './socket-reader.ts';

const VERSION = 5;
const METHOD = { none: 0, password: 2, unacceptable: 0xff } as const;
const ADDRESS = { v4: 1, name: 3, v6: 4 } as const;

/** RFC 1928 §6. */
const REPLIES: Readonly<Record<number, readonly [FailureCode, string]>> = {
  1: ['PROXY_FAILED', 'general SOCKS server failure'],
  2: ['PROXY_REFUSED', 'not allowed by the ruleset'],
  3: ['UNREACHABLE', 'network unreachable'],
  4: ['UNREACHABLE', 'host unreachable'],
  5: ['CONNECT_REFUSED', 'connection refused'],
  6: ['UNREACHABLE', 'TTL expired'],
  7: ['PROXY_REFUSED', 'command not supported'],
  8: ['PROXY_REFUSED', 'address type not supported'],
};

function readExactly(socket: Socket, count: number, signal: AbortSignal): Promise<Buffer> {
  return readUntil(socket, signal, () => (socket.read(count) as Buffer | null) ?? undefined);
}

/** Asks a SOCKS5 proxy (RFC 1928, RFC 1929) for a way to a name or an address. The socket then leads to the target. */
export async function openSocksTunnel(
  socket: Socket,
  proxy: ProxyServer,
  target: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  const withPassword = proxy.username !== undefined;
  socket.write(Buffer.from(withPassword ? [VERSION, 2, METHOD.none, METHOD.password] : [VERSION, 1, METHOD.none]));
  const choice = await readExactly(socket, 2, signal);
  if (choice[0] !== VERSION) throw new ConnectFailure('PROXY_FAILED', 'not a SOCKS5 proxy');
  if (choice[1] === METHOD.password && withPassword) await authenticate(socket, proxy, signal);
  else if (choice[1] !== METHOD.none)
    throw new ConnectFailure('PROXY_REFUSED', 'no way to log in that both sides know');

  const port = Buffer.alloc(2);
  port.writeUInt16BE(target.port);
  socket.write(Buffer.concat([Buffer.from([VERSION, 1, 0]), encodeAddress(target.host), port]));
  const reply = await readExactly(socket, 5, signal);
  const [code, words] = REPLIES[reply.readUInt8(1)] ?? (['PROXY_FAILED', `reply ${reply[1]}`] as const);
  if (reply[1] !== 0) throw new ConnectFailure(code, `the SOCKS5 proxy says: ${words}`);
  const boundBytes = reply[3] === ADDRESS.v4 ? 4 : reply[3] === ADDRESS.v6 ? 16 : reply.readUInt8(4) + 1;
  await readExactly(socket, boundBytes - 1 + 2, signal);
}

async function authenticate(socket: Socket, proxy: ProxyServer, signal: AbortSignal): Promise<void> {
  const name = Buffer.from(proxy.username ?? '');
  const password = Buffer.from(proxy.password ?? '');
  if (name.length > 255 || password.length > 255)
    throw new ConnectFailure('PROXY_REFUSED', 'user name or password too long');
  socket.write(Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([password.length]), password]));
  const answer = await readExactly(socket, 2, signal);
  if (answer[1] !== 0) throw new ConnectFailure('PROXY_REFUSED', 'user name or password not accepted');
}

function encodeAddress(host: string): Buffer {
  const family = isIP(host);
  if (family === 4) return Buffer.from([ADDRESS.v4, ...host.split('.').map(Number)]);
  if (family === 6) return Buffer.concat([Buffer.from([ADDRESS.v6]), v6Bytes(host)]);
  const name = Buffer.from(host);
  if (name.length > 255) throw new ConnectFailure('PROXY_REFUSED', 'host name too long for SOCKS5');
  return Buffer.concat([Buffer.from([ADDRESS.name, name.length]), name]);
}

function v6Bytes(host: string): Buffer {
  // The URL parser writes IPv6 in one canonical way, without dotted quads (WHATWG URL, IPv6 serializer).
  const canonical = new URL(`http://[${host}]`).hostname.slice(1, -1);
  const [left = '', right = ''] = canonical.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const head = groups(left);
  const tail = groups(right);
  const all = [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

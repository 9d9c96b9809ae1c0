import { connect } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { type H1Connection, type H1Server, startScriptedServer } from './h1-server.ts';

export interface ProxyServer extends H1Server {
  /** `127.0.0.1:port`, to be put behind a scheme and credentials. */
  readonly authority: string;
  /** Request lines (HTTP) or `host:port` (SOCKS) that were asked for. */
  readonly asked: readonly string[];
  /** Values of Proxy-Authorization, or `name:password`. */
  readonly credentials: readonly (string | undefined)[];
}

function splice(connection: H1Connection, host: string, port: number, onConnect: () => Promise<void> | void): void {
  const upstream = connect(port, host, async () => {
    await onConnect();
    connection.socket.on('data', (chunk) => upstream.write(chunk));
    connection.socket.on('end', () => upstream.end());
    upstream.on('data', (chunk) => connection.socket.write(chunk));
    upstream.on('end', () => connection.socket.end());
  });
  upstream.on('error', () => connection.reset());
  connection.socket.on('close', () => upstream.destroy());
}

/** An HTTP proxy: CONNECT, and plain http with the whole URL. `statusFor` may refuse: 0 never answers. */
export async function startHttpProxy(
  statusFor: (requestLine: string) => number = () => 200,
  tls?: TlsOptions,
): Promise<ProxyServer> {
  const asked: string[] = [];
  const credentials: (string | undefined)[] = [];
  const server = await startScriptedServer(async (connection) => {
    for (let request = await connection.request(); request !== undefined; request = await connection.request()) {
      const line = `${request.method} ${request.target}`;
      asked.push(line);
      credentials.push(request.headers['proxy-authorization']);
      const status = statusFor(line);
      if (status === 0) return;
      if (status !== 200) {
        await connection.send(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
        continue;
      }
      if (request.method === 'CONNECT') {
        const [host = '', port = ''] = request.target.split(':');
        splice(connection, host, Number(port), () => connection.send('HTTP/1.1 200 Connection established\r\n\r\n'));
        return;
      }
      await connection.send(`HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nforwarded`);
    }
  }, tls);
  return { ...server, authority: `127.0.0.1:${server.port}`, asked, credentials };
}

/** A SOCKS5 proxy (RFC 1928, RFC 1929). With a password it wants one; `reply` other than 0 refuses. */
export async function startSocksProxy(options: { password?: string; reply?: number } = {}): Promise<ProxyServer> {
  const asked: string[] = [];
  const credentials: (string | undefined)[] = [];
  const read = async (connection: H1Connection, count: number) => (await connection.read(count)) ?? Buffer.alloc(count);
  const server = await startScriptedServer(async (connection) => {
    const greeting = await read(connection, 2);
    const methods = await read(connection, greeting.readUInt8(1));
    const wanted = options.password === undefined ? 0 : 2;
    await connection.send(Buffer.from([5, methods.includes(wanted) ? wanted : 0xff]));
    if (options.password !== undefined) {
      const name = await read(connection, (await read(connection, 2)).readUInt8(1));
      const password = await read(connection, (await read(connection, 1)).readUInt8(0));
      credentials.push(`${name}:${password}`);
      await connection.send(Buffer.from([1, password.toString() === options.password ? 0 : 1]));
    }
    const type = (await read(connection, 4)).readUInt8(3);
    const address = await read(connection, type === 1 ? 4 : type === 4 ? 16 : (await read(connection, 1)).readUInt8(0));
    const port = (await read(connection, 2)).readUInt16BE(0);
    const host = type === 3 ? address.toString() : [...address].join('.');
    asked.push(`${host}:${port}`);
    const reply = Buffer.from([5, options.reply ?? 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    if (options.reply === undefined) splice(connection, '127.0.0.1', port, () => connection.send(reply));
    else await connection.send(reply);
  });
  return { ...server, authority: `127.0.0.1:${server.port}`, asked, credentials };
}

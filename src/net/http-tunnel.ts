import type { Socket } from 'node:net';
import { ConnectFailure } from './connect-failure.ts';
import type { ProxyServer } from './proxy.ts';
import { readUntil } from './socket-reader.ts';

const MAX_HEAD_BYTES = 16 * 1024;

/** Asks an HTTP proxy for a tunnel (RFC 9110 §9.3.6). The socket then leads to the target. */
export async function openHttpTunnel(
  socket: Socket,
  proxy: ProxyServer,
  target: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  const authorization = proxy.authorization === undefined ? '' : `proxy-authorization: ${proxy.authorization}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${authorization}\r\n`);
  const statusLine = await readFinalHead(socket, signal);
  const status = Number(/^HTTP\/1\.\d (\d{3})(?: |$)/.exec(statusLine)?.[1]);
  if (status >= 200 && status <= 299) return;
  if (Number.isNaN(status)) throw new ConnectFailure('PROXY_FAILED', `not an HTTP answer: ${statusLine}`);
  // A 5xx is about the target or the moment; anything else is about us.
  throw new ConnectFailure(
    status >= 500 ? 'PROXY_FAILED' : 'PROXY_REFUSED',
    `CONNECT was answered ${statusLine.slice(9)}`,
  );
}

/** The status line of the first head that is not interim. The target cannot have spoken before us, so nothing may follow the head. */
async function readFinalHead(socket: Socket, signal: AbortSignal): Promise<string> {
  let text = '';
  return readUntil(socket, signal, () => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) text += (chunk as Buffer).toString('latin1');
    for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
      const [statusLine = ''] = text.slice(0, end).split('\r\n');
      const rest = text.slice(end + 4);
      if (!/^HTTP\/1\.\d 1\d\d/.test(statusLine)) {
        if (rest !== '' && /^HTTP\/1\.\d 2\d\d/.test(statusLine)) {
          throw new ConnectFailure('PROXY_FAILED', 'the proxy sent data before the tunnel was used');
        }
        return statusLine;
      }
      text = rest;
    }
    if (text.length > MAX_HEAD_BYTES) throw new ConnectFailure('PROXY_FAILED', 'the answer to CONNECT is too long');
    return undefined;
  });
}

import { connect } from 'node:net';
import { resetSocket, startTcpServer, type TcpServer } from './tcp-server.ts';

/** What a proxy does to the bytes that a server sends. What the client sends passes as it is. */
export interface Toxics {
  /** Each piece comes so much later. */
  readonly latencyMs?: number;
  /** Cuts what is sent into pieces of so many bytes, each in a packet of its own. */
  readonly sliceBytes?: number;
  /** After so many bytes of a connection nothing more passes... */
  readonly limitBytes?: number;
  /** ... and the connection ends like this. Default: `fin`. */
  readonly ending?: 'fin' | 'reset' | 'silence';
}

/** A TCP proxy on loopback before a server there, that harms each connection in the same way. */
export async function startToxicProxy(port: number, toxics: Toxics): Promise<TcpServer> {
  const { latencyMs = 0, sliceBytes = 65_536, limitBytes = Number.POSITIVE_INFINITY, ending = 'fin' } = toxics;
  return startTcpServer(undefined, (client) => {
    const server = connect({ port, host: '127.0.0.1', noDelay: true });
    let passed = 0;
    let over = false;
    const finish = async () => {
      over = true;
      // A reset throws away what was not read yet: let it be read.
      await pause(50);
      if (ending === 'fin') client.end();
      else if (ending === 'reset') resetSocket(client);
      server.destroy();
    };
    const pass = async (chunk: Buffer) => {
      for (let at = 0; at < chunk.length && !over; at += sliceBytes) {
        if (latencyMs > 0) await pause(latencyMs);
        const piece = chunk.subarray(at, Math.min(at + sliceBytes, chunk.length, at + limitBytes - passed));
        passed += piece.length;
        if (!client.destroyed) await new Promise<void>((written) => client.write(piece, () => written()));
        if (passed >= limitBytes) await finish();
      }
    };
    let order = Promise.resolve();
    const inOrder = (step: () => Promise<void> | void) => {
      order = order.then(step);
    };
    server.on('data', (chunk) => inOrder(() => pass(chunk)));
    server.on('end', () => inOrder(() => void (over || client.end())));
    server.on('error', () => client.destroy());
    client.on('data', (chunk) => server.write(chunk));
    client.on('end', () => server.end());
    client.on('close', () => server.destroy());
  });
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

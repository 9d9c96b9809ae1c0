import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ReaderGoneError, StoreError } from '../../src/core/failure.ts';
import { STORES } from '../../src/stores/index.ts';
import { makePage, makeRecord, recordOf } from '../support/store-pages.ts';

const page = makePage('https://example.com/1');
const body = Buffer.from('{"a":1}');
const options = { mode: 'run', restart: false, request: {} } as const;

function openOn(stdout: Writable) {
  return STORES.ndjson({ place: 'stdout', stdout }).open(options);
}

describe('NDJSON on standard output', () => {
  it('is a line a page, with nothing stored before', async () => {
    const lines: string[] = [];
    const session = await openOn(
      new Writable({
        write(chunk, _encoding, done) {
          lines.push(String(chunk));
          done();
        },
      }),
    );
    expect(session.stored).toEqual({ pages: 0 });
    expect(session.has(page)).toBe(false);
    expect(session.draft).toBeUndefined();
    await session.keep(page, recordOf(page, body), { chunks: [body] });
    await session.note(makeRecord(page, { outcome: 'invalid' }));
    await session.close();
    expect(lines).toHaveLength(2);
    expect(lines.every((line) => line.endsWith('}\n'))).toBe(true);
    expect(JSON.parse(lines[0] ?? '').body).toEqual({ a: 1 });
  });

  it('waits for a slow reader', async () => {
    let take: (() => void) | undefined;
    const session = await openOn(
      new Writable({
        write(_chunk, _encoding, done) {
          take = done;
        },
      }),
    );
    let kept = false;
    const keeping = session.keep(page, recordOf(page, body), { chunks: [body] }).then(() => {
      kept = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(kept).toBe(false);
    take?.();
    await keeping;
    expect(kept).toBe(true);
  });

  it('says so when the reader went away, and stays with it', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = server.address();
    const socket: Socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
    const session = await openOn(socket);
    const keepUntilRefused = async () => {
      for (;;) await session.keep(page, recordOf(page, body), { chunks: [body] });
    };
    await expect(keepUntilRefused()).rejects.toThrow(ReaderGoneError);
    await expect(session.keep(page, makeRecord(page), undefined)).rejects.toThrow(ReaderGoneError);
    await session.close();
  });

  it('says that the disk is full where it is redirected to one', async () => {
    const session = await openOn(createWriteStream('/dev/full'));
    const keeping = session.keep(page, recordOf(page, body), { chunks: [body] });
    await expect(keeping).rejects.toThrow(StoreError);
    await expect(keeping).rejects.toThrow('stdout could not be written: the disk is full.');
    await session.close();
  });
});

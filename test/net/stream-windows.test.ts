import { EventEmitter } from 'node:events';
import type { Http2Session } from 'node:http2';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type Connection, connectionOf, registerConnection } from '../../src/net/connection.ts';
import { StreamWindows } from '../../src/net/stream-windows.ts';

const MEBI = 2 ** 20;

/** A session that notes its settings, and whose PING is answered when the test says so. */
class FakeSession extends EventEmitter {
  readonly destroyed = false;
  readonly closed = false;
  readonly windows: (number | undefined)[] = [];
  readonly #pings: ((error: Error | null, roundTripMs: number) => void)[] = [];

  ping(answer: (error: Error | null, roundTripMs: number) => void): boolean {
    this.#pings.push(answer);
    return true;
  }

  settings({ initialWindowSize }: { readonly initialWindowSize?: number }): void {
    this.windows.push(initialWindowSize);
  }

  /** How many were asked. */
  answer(error: Error | null, roundTripMs: number): number {
    for (const ping of this.#pings) ping(error, roundTripMs);
    return this.#pings.length;
  }
}

function connected(active: number): { readonly connection: Connection; readonly session: FakeSession } {
  const socket = new Socket();
  registerConnection(socket, '2', '127.0.0.1');
  const connection = connectionOf(socket);
  if (connection === undefined) throw new Error('it was just registered');
  const session = new FakeSession();
  connection.session = session as unknown as Http2Session;
  connection.active = active;
  return { connection, session };
}

describe('windows of streams with large bodies', () => {
  test.each<[what: string, roundTripMs: number, active: number, windows: number[]]>([
    ['a server that is near: 4 MiB', 0.2, 1, [4 * MEBI]],
    ['far away: as much as 300 MB/s need', 25, 1, [4 * MEBI, 8 * MEBI]],
    ['very far away: 16 MiB and no more', 400, 1, [4 * MEBI, 16 * MEBI]],
    ['a little farther is not worth a SETTINGS frame', 15, 1, [4 * MEBI]],
    ['eight share it', 0.2, 8, [MEBI / 2]],
    ['eight far away', 50, 8, [MEBI / 2, 2 * MEBI]],
    ['fifty keep what they have', 0.2, 50, []],
    ['fifty far away have no more than the connection carries', 400, 50, []],
  ])('%s', (_, roundTripMs, active, windows) => {
    const { connection, session } = connected(active);
    const all = new StreamWindows(undefined);
    all.heed(connection, MEBI);
    expect(session.answer(null, roundTripMs)).toBe(1);
    all.heed(connection, 2 * MEBI);
    all.heed(connection, 3 * MEBI);
    expect(session.windows).toEqual(windows);
    expect(session.answer(null, roundTripMs)).toBe(1);
  });

  test('the last of several has it all', () => {
    const { connection, session } = connected(8);
    const all = new StreamWindows(undefined);
    all.heed(connection, MEBI);
    connection.active = 1;
    all.heed(connection, MEBI);
    connection.active = 8;
    all.heed(connection, MEBI);
    expect(session.windows).toEqual([MEBI / 2, 4 * MEBI]);
  });

  test('a PING that is not answered leaves it as for a server that is near', () => {
    const { connection, session } = connected(1);
    const all = new StreamWindows(undefined);
    all.heed(connection, MEBI);
    session.answer(new Error('cancelled'), 0);
    all.heed(connection, MEBI);
    expect(session.windows).toEqual([4 * MEBI]);
  });

  test('a small body asks nothing', () => {
    const { connection, session } = connected(1);
    new StreamWindows(undefined).heed(connection, 400_000);
    expect(session.answer(null, 50)).toBe(0);
    expect(session.windows).toEqual([]);
  });

  test('with --limit-rate it is never more than a quarter of a second brings', () => {
    const { connection, session } = connected(1);
    const all = new StreamWindows(8 * MEBI);
    all.heed(connection, MEBI);
    session.answer(null, 400);
    all.heed(connection, MEBI);
    expect(session.windows).toEqual([2 * MEBI]);
  });
});

import type { TlsOptions } from 'node:tls';
import { expect, it } from 'vitest';
import type { Config } from '../../src/core/config.ts';
import type { PageRecord } from '../../src/core/record.ts';
import {
  type AnswerScript,
  type H1Connection,
  type H1Server,
  startH1Server,
  startScriptedServer,
} from '../support/h1-server.ts';
import type { DeepPartial } from '../support/model-run.ts';
import { startToxicProxy, type Toxics } from '../support/toxic-proxy.ts';
import { type ExpectedRecord, type HostileCase, seenOf } from './cases.ts';
import { curlExitCode, type HostileRun, hostileRun } from './hostile-run.ts';

/** A bad server that speaks (or should speak) HTTP/1.1, asked for one page by a whole run. */
export interface ServerCase extends HostileCase {
  readonly serve?: AnswerScript;
  readonly tls?: TlsOptions;
  /** Asked with this scheme, whatever the server speaks. */
  readonly scheme?: 'http' | 'https';
  /** Serves a connection from its first byte on, before any request. */
  readonly greet?: (connection: H1Connection) => void;
  /** What stands between the run and the server. */
  readonly toxics?: Toxics;
  readonly config?: DeepPartial<Config>;
  readonly expect: ExpectedRecord;
  /** What is stored. */
  readonly body?: string;
  /** Exit code of curl at the same server. */
  readonly curl?: number;
  readonly curlArguments?: readonly string[];
  /** What else must be so. */
  readonly also?: (seen: Seen) => void;
}

/** What became of the one page. */
export interface Seen {
  readonly record: PageRecord;
  readonly run: HostileRun;
  readonly server: H1Server;
}

/** A case that is more than one page of one server. */
export interface CheckCase extends HostileCase {
  readonly check: () => Promise<void>;
}

export const ok = (fields: string, body = ''): string => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;

export const CHUNKED = ok('transfer-encoding: chunked\r\n');

export const send =
  (bytes: string | Buffer): AnswerScript =>
  (connection) =>
    connection.send(bytes);

export const sendEnd =
  (bytes: string | Buffer): AnswerScript =>
  async (connection) => {
    await connection.send(bytes);
    connection.end();
  };

/** The pause lets the bytes arrive before the reset throws away what was not read: without it the client may see the reset alone. */
export const sendReset =
  (bytes: string | Buffer): AnswerScript =>
  async (connection) => {
    await connection.send(bytes);
    await pause(50);
    connection.reset();
  };

/** Begins with `start`, then sends `bytes` again and again until the other side has had enough. */
export const drip =
  (start: string, bytes: string, everyMs = 20): AnswerScript =>
  async (connection) => {
    if (start !== '') await connection.send(start);
    while (!connection.socket.destroyed) {
      await connection.send(bytes);
      await pause(everyMs);
    }
  };

/** As drip, as fast as the other side reads. */
export const pour =
  (start: string, bytes: string): AnswerScript =>
  async (connection: H1Connection) => {
    await connection.send(start);
    while (!connection.socket.destroyed) await connection.send(bytes);
  };

export const silence: AnswerScript = () => new Promise<void>(() => {});

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** Runs every row: its own check, or a server, a run of one page, the record, and curl where it is the oracle. */
export function testCases(rows: readonly (ServerCase | CheckCase)[]): void {
  for (const row of rows) {
    const title = `${row.case}: ${row.name}`;
    if (row.cannotRun !== undefined) it.skip(`${title} (cannot run: ${row.cannotRun})`, () => {});
    else it.concurrent(title, { timeout: 30_000 }, () => ('check' in row ? row.check() : runServerCase(row)));
  }
}

async function runServerCase(row: ServerCase): Promise<void> {
  const { serve = silence, greet } = row;
  const server = greet === undefined ? await startH1Server(serve, row.tls) : await startScriptedServer(greet, row.tls);
  const proxy = row.toxics === undefined ? undefined : await startToxicProxy(server.port, row.toxics);
  const scheme = row.scheme ?? (row.tls === undefined ? 'http' : 'https');
  const url = `${scheme}://127.0.0.1:${(proxy ?? server).port}/`;
  try {
    const run = await hostileRun([url], { config: row.config });
    const { records, bodies } = run;
    const [record] = records;
    if (record === undefined || records.length > 1) throw new Error(`${records.length} records of one page`);
    expect(seenOf(record, row.expect), record.error?.message).toEqual(row.expect);
    if (row.body !== undefined) expect(bodies.get(url)).toBe(row.body);
    row.also?.({ record, run, server });
    if (row.curl !== undefined) expect(await curlExitCode(url, row.curlArguments), 'exit code of curl').toBe(row.curl);
  } finally {
    await proxy?.close();
    await server.close();
  }
}

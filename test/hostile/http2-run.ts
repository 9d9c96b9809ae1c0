import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Config } from '../../src/core/config.ts';
import type { HttpVersion } from '../../src/core/record.ts';
import { response } from '../support/h1-server.ts';
import { type H2Connection, type H2Server, startDualServer, startRawH2Server } from '../support/h2-server.ts';
import type { DeepPartial } from '../support/model-run.ts';
import { type ExpectedRecord, type HostileCase, seenOf } from './cases.ts';
import { curlExitCode, hostileRun } from './hostile-run.ts';
import { PAGE, type StreamScript } from './http2-script.ts';

/** A server over HTTP/2, what becomes of pages that are asked of it, and what curl makes of one of them. */
export interface Http2Row extends HostileCase {
  /** Before the first stream; without it plain SETTINGS. */
  readonly greet?: (connection: H2Connection) => Promise<void> | void;
  readonly serve: StreamScript;
  /** It speaks HTTP/1.1 too, and well. */
  readonly speaksHttp1?: boolean;
  /** Pages that are asked; 1. */
  readonly pages?: number;
  /** Path of the page with this number, from 0 on; `/0`, `/1` and so on. */
  readonly path?: (index: number) => string;
  readonly config?: DeepPartial<Config>;
  /** Of every page. */
  readonly record: Http2Record;
  /** Most connections that the server may see. */
  readonly connections?: number;
  /** Most streams. */
  readonly streams?: number;
  /** Exit code of curl, one page, fresh server: which one, where several mean the same, differs from version to version. */
  readonly curl?: number | readonly number[];
  /** What is another way on the oldest Node that package.json allows, and why. */
  readonly onFloor?: { readonly record: Http2Record; readonly why: string };
}

type Http2Record = ExpectedRecord & { readonly httpVersion?: HttpVersion };

const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const isFloor = engines.node === `>=${process.versions.node}`;

/** Runs a row through the engine, the client and, where it is an oracle, curl. */
export async function checkRow(row: Http2Row): Promise<void> {
  const [, exitCode] = await Promise.all([checkRecords(row), row.curl === undefined ? undefined : curlOn(row)]);
  if (row.curl !== undefined) expect([row.curl].flat()).toContain(exitCode);
}

async function checkRecords(row: Http2Row): Promise<void> {
  const { server, streams } = await startRow(row);
  const path = row.path ?? ((index: number) => `/${index}`);
  const urls = Array.from({ length: row.pages ?? 1 }, (_, index) => server.origin + path(index));
  const { records, bodies } = await hostileRun(urls, { config: row.config }).finally(() => server.close());
  const { httpVersion, ...expected } = (isFloor ? row.onFloor?.record : undefined) ?? row.record;
  expect(records.length).toBe(urls.length);
  for (const record of records) {
    expect(seenOf(record, expected), record.error?.message).toEqual(expected);
    if (httpVersion !== undefined) expect(record.httpVersion).toBe(httpVersion);
    if (record.outcome === 'ok' && expected.bytes === undefined) expect(bodies.get(record.url)).toBe(PAGE);
  }
  if (row.connections !== undefined) expect(server.accepted()).toBeLessThanOrEqual(row.connections);
  if (row.streams !== undefined) expect(streams()).toBeLessThanOrEqual(row.streams);
}

async function startRow({ greet, serve, speaksHttp1 }: Http2Row): Promise<{ server: H2Server; streams: () => number }> {
  let streams = 0;
  const script = async (connection: H2Connection): Promise<void> => {
    await (greet === undefined ? connection.settings() : greet(connection));
    for (let stream = await connection.stream(); stream !== undefined; stream = await connection.stream()) {
      streams += 1;
      void serve(connection, stream, streams);
    }
  };
  const server =
    speaksHttp1 === true
      ? await startDualServer(script, async (connection) => {
          while ((await connection.request()) !== undefined) await connection.send(response(PAGE));
        })
      : await startRawH2Server(script);
  return { server, streams: () => streams };
}

async function curlOn(row: Http2Row): Promise<number> {
  const { server } = await startRow(row);
  return curlExitCode(`${server.origin}/0`, ['--http2', '--insecure']).finally(() => server.close());
}

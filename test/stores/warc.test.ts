import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Body, TrailStep } from '../../src/core/ports.ts';
import type { PageRecord } from '../../src/core/record.ts';
import { warcStore } from '../../src/stores/warc.ts';
import { makeFolder, makePage, makeRecord, recordOf, runOptions } from '../support/store-pages.ts';
import { makeStep, type ReadRecord, readArchive } from '../support/warc-archive.ts';

const one = makePage('https://example.com/a?b=1');
const body = Buffer.from('<p>Hello');

interface Kept {
  readonly page?: typeof one;
  readonly record?: Partial<PageRecord>;
  readonly body?: Body;
  readonly trail?: readonly TrailStep[];
}

/** Keeps pages in a run of their own, and reads the archive with a reader that is not ours: nothing in it may be wrong. */
async function archived(pages: readonly Kept[], { path = join(makeFolder(), 'pages.warc.gz'), runs = 1 } = {}) {
  for (let run = 0; run < runs; run++) {
    const session = await warcStore({ path, place: 'pages.warc.gz' }).open(
      runOptions(path, { run: { version: '1.2.3', options: {} } }),
    );
    for (const { page = one, record = {}, body: kept, trail } of pages) {
      await session.keep(page, makeRecord(page, record), kept, trail);
    }
    await session.close();
  }
  const { records, problems } = readArchive(path, { payloads: true });
  expect(problems).toEqual([]);
  return { path, records };
}

function types(records: readonly ReadRecord[]): string {
  return records.map(({ type }) => type).join(' ');
}

function ofType(records: readonly ReadRecord[], type: string): ReadRecord {
  const found = records.find((record) => record.type === type);
  if (found === undefined) throw new Error(`no ${type} record`);
  return found;
}

function headersOf({ headers = [] }: ReadRecord): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const [name, value] of headers) all[name] = [...(all[name] ?? []), value];
  return all;
}

describe('an archive', () => {
  it('begins each run with what wrote it, and nothing where the run keeps nothing', async () => {
    const { path, records } = await archived([{ body: { chunks: [body] }, trail: [makeStep(one.url)] }], { runs: 2 });
    expect(types(records)).toBe('warcinfo response request metadata warcinfo response request metadata');
    expect(records[0]?.info).toEqual({
      software: 'fetch-pages/1.2.3',
      format: 'WARC File Format 1.1',
      conformsTo: 'http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/',
      'fetch-pages-archive': '1',
    });
    expect(records[0]?.fields).toMatchObject({ 'WARC-Filename': 'pages.warc.gz' });
    expect((await archived([], { path })).records).toHaveLength(8);
  });

  it.each(['pages.warc', 'pages.warc.gz', 'PAGES.WARC.GZ', 'plain'])(
    'holds every exchange of a page: %s',
    async (name) => {
      const hop = makeStep('http://example.com/', {
        head: { status: 301, headers: { location: ['/a?b=1'] }, httpVersion: '1.1' },
        body: [Buffer.from('moved')],
      });
      const path = join(makeFolder(), name);
      const trail = [hop, makeStep(one.url)];
      const { records } = await archived([{ body: { chunks: [body.subarray(0, 3), body.subarray(3)] }, trail }], {
        path,
      });
      expect(types(records)).toBe('warcinfo response request response request metadata');
      const [info, redirect, asked, answer, request, metadata] = records;
      expect(redirect).toMatchObject({
        start: 'HTTP/1.1 301 Moved Permanently',
        protocols: ['http/1.1'],
        payloadBytes: 5,
      });
      expect(redirect?.fields['WARC-Target-URI']).toBe('http://example.com/');
      expect(asked).toMatchObject({ start: 'GET / HTTP/1.1' });
      expect(asked?.fields['WARC-Concurrent-To']).toBe(redirect?.fields['WARC-Record-ID']);
      expect(headersOf(asked as ReadRecord)).toMatchObject({ host: ['example.com'], authorization: ['[redacted]'] });
      expect(answer).toMatchObject({ start: 'HTTP/1.1 200 OK', protocols: ['h2'], payload: body.toString('base64') });
      expect(answer?.fields).toMatchObject({
        'WARC-Target-URI': one.url,
        'WARC-Date': '2026-11-22T10:00:00.125Z',
        'WARC-IP-Address': '192.0.2.7',
        'WARC-Warcinfo-ID': info?.fields['WARC-Record-ID'],
        'Content-Type': 'application/http; msgtype=response',
      });
      expect(request?.start).toBe('GET /a?b=1 HTTP/1.1');
      expect(metadata?.json).toEqual(makeRecord(one));
      expect(metadata?.fields).toMatchObject({ 'WARC-Refers-To': answer?.fields['WARC-Record-ID'] });
    },
  );

  it('keeps the body as it came over the wire, content coding and all', async () => {
    const wire = gzipSync(body);
    const headers = { 'content-encoding': ['gzip'], 'content-length': [String(wire.length)] };
    const step = makeStep(one.url, { head: { status: 200, headers, httpVersion: '1.1' } });
    const { records } = await archived([{ body: { chunks: [wire] }, trail: [step], record: recordOf(one, body) }]);
    const answer = ofType(records, 'response');
    expect(answer.payload).toBe(wire.toString('base64'));
    expect(answer.decoded).toBe(body.toString('base64'));
    expect(headersOf(answer)).toEqual(headers);
  });

  it('tells how a request was made that has a body', async () => {
    const page = makePage('https://example.com/form', { method: 'POST', body: 'a=ü' });
    const step = makeStep(page.url, { method: 'POST', requestBody: 'a=ü', requestHeaders: { 'content-length': '99' } });
    const { records } = await archived([{ page, body: { chunks: [body] }, trail: [step] }]);
    const request = ofType(records, 'request');
    expect(request).toMatchObject({ start: 'POST /form HTTP/1.1', payload: Buffer.from('a=ü').toString('base64') });
    expect(headersOf(request)).toEqual({ host: ['example.com'], 'content-length': ['4'] });
  });

  it.each<[string, Partial<TrailStep>, Partial<PageRecord>, object]>([
    [
      'not found, its body whole',
      { head: { status: 404, headers: {}, httpVersion: '2' }, body: [Buffer.from('gone')] },
      { outcome: 'failed', status: 404 },
      { start: 'HTTP/1.1 404 Not Found', payloadBytes: 4 },
    ],
    [
      'an unknown status, its body cut',
      {
        head: { status: 599, headers: { 'content-length': ['100000'] }, httpVersion: '1.1' },
        body: [body],
        bodyCut: true,
      },
      { outcome: 'failed', status: 599 },
      { start: 'HTTP/1.1 599 Unknown', fields: expect.objectContaining({ 'WARC-Truncated': 'length' }) },
    ],
  ])('a page that is not OK: %s', async (_, step, record, expected) => {
    const { path, records } = await archived([{ trail: [makeStep(one.url, step)], record }]);
    expect(types(records)).toBe('warcinfo response request metadata');
    expect(ofType(records, 'response')).toMatchObject(expected);
    const session = await warcStore({ path, place: 'x' }).open(runOptions(path));
    expect(session.has(one)).toBe(false);
    expect(session.stored).toEqual({ pages: 0 });
    await session.close();
  });

  it('has one record of a page that was never answered, and of a line that is none', async () => {
    const path = join(makeFolder(), 'pages.warc.gz');
    const session = await warcStore({ path, place: 'x' }).open(runOptions(path));
    await session.keep(one, makeRecord(one, { outcome: 'error' }), undefined, []);
    await session.note(makeRecord(one, { outcome: 'invalid', url: 'no\r\npage' }));
    await session.close();
    const { records, problems } = readArchive(path);
    expect(problems).toEqual([]);
    expect(types(records)).toBe('warcinfo metadata metadata');
    expect(records.map(({ fields }) => fields['WARC-Target-URI'])).toEqual([undefined, one.url, undefined]);
    expect(records[2]?.json?.url).toBe('no\r\npage');
  });

  it('writes the exchange of a page that comes without its trail', async () => {
    const { records } = await archived([{ body: { chunks: [body] } }]);
    expect(types(records)).toBe('warcinfo response request metadata');
    expect(ofType(records, 'response')).toMatchObject({ start: 'HTTP/1.1 200 OK', payload: body.toString('base64') });
  });

  it('takes URLs with three commas, which warcio takes for two values', async () => {
    const page = makePage('https://example.com/?list=a,,,b');
    const { records } = await archived([{ page, body: { chunks: [body] }, trail: [makeStep(page.url)] }]);
    expect(ofType(records, 'response').fields['WARC-Target-URI']).toBe(page.url);
  });
});

describe('a page that was found unchanged', () => {
  const etag = {
    head: { status: 304, headers: { etag: ['"a"'], 'content-length': ['8'] }, httpVersion: '2' as const },
  };

  it.each(['with the side file', 'without it'])('refers to the stored version: %s', async (how) => {
    const { path } = await archived([{ body: { chunks: [body] }, trail: [makeStep(one.url)] }]);
    if (how === 'without it') rmSync(path.replace('pages.', '.pages.').concat('.index'));
    const session = await warcStore({ path, place: 'x' }).open(runOptions(path));
    expect(await session.validators?.(one)).toEqual({ url: one.url, etag: '"a"' });
    expect(await session.validators?.(makePage('https://example.com/other'))).toBeUndefined();
    const record = makeRecord(one, { outcome: 'unchanged', status: 304, fetchedAt: '2026-11-23T00:00:00.000Z' });
    await session.keep(one, record, undefined, [makeStep(one.url, etag)]);
    await session.close();
    const { records, problems } = readArchive(path);
    expect(problems).toEqual([]);
    expect(types(records)).toBe('warcinfo response request metadata warcinfo revisit request metadata');
    const stored = ofType(records, 'response').fields;
    const revisit = ofType(records, 'revisit');
    expect(revisit).toMatchObject({ start: 'HTTP/1.1 304 Not Modified', payloadBytes: 0 });
    expect(revisit.fields).toMatchObject({
      'WARC-Profile': 'http://netpreserve.org/warc/1.1/revisit/server-not-modified',
      'WARC-Refers-To': stored['WARC-Record-ID'],
      'WARC-Refers-To-Target-URI': one.url,
      'WARC-Refers-To-Date': stored['WARC-Date'],
      'WARC-Payload-Digest': stored['WARC-Payload-Digest'],
    });
    const next = await warcStore({ path, place: 'x' }).open(runOptions(path));
    expect(next.stored).toEqual({ pages: 1, newest: '2026-11-23T00:00:00.000Z' });
    expect(await next.validators?.(one)).toEqual({ url: one.url, etag: '"a"' });
    await next.close();
  });

  it('is asked for with what its newest version said', async () => {
    const newer = makeStep(one.url, {
      head: {
        status: 200,
        headers: { etag: ['"b"'], 'last-modified': ['Sun, 22 Nov 2026 10:00:00 GMT'] },
        httpVersion: '2',
      },
    });
    const kept = { body: { chunks: [body] } };
    const { path } = await archived([
      { ...kept, trail: [makeStep(one.url)] },
      { ...kept, trail: [newer] },
    ]);
    const session = await warcStore({ path, place: 'x' }).open(runOptions(path));
    await session.keep(one, makeRecord(one, { outcome: 'failed', status: 500 }), undefined, [makeStep(one.url)]);
    const expected = { url: one.url, etag: '"b"', lastModified: 'Sun, 22 Nov 2026 10:00:00 GMT' };
    expect(await session.validators?.(one)).toEqual(expected);
    await session.close();
    const next = await warcStore({ path, place: 'x' }).open(runOptions(path));
    expect(await next.validators?.(one)).toEqual(expected);
    await next.close();
  });
});

describe('the head of an answer', () => {
  async function headOf(headers: Record<string, string[]>, more: Partial<TrailStep> = {}) {
    const head = { status: 200, headers, httpVersion: '1.1' as const };
    const { records } = await archived([{ body: { chunks: [body] }, trail: [makeStep(one.url, { head, ...more })] }]);
    expect(types(records)).toBe('warcinfo response request metadata');
    return headersOf(ofType(records, 'response'));
  }

  it.each([
    [
      { 'transfer-encoding': ['chunked'] },
      { 'x-archive-orig-transfer-encoding': ['chunked'], 'content-length': ['8'] },
    ],
    [{ 'content-length': ['9'] }, { 'x-archive-orig-content-length': ['9'], 'content-length': ['8'] }],
    [{ 'content-length': ['8'] }, { 'content-length': ['8'] }],
    [{ 'set-cookie': ['a=1', 'b=2'] }, { 'set-cookie': ['a=1', 'b=2'], 'content-length': ['8'] }],
    [{ 'x-text': ['caf\xe9'] }, { 'x-text': ['caf\xe9'], 'content-length': ['8'] }],
  ])('%j becomes %j', async (headers, expected) => expect(await headOf(headers)).toEqual(expected));

  it('leaves the length that a HEAD was told', async () => {
    const head = { status: 200, headers: { 'content-length': ['12345'] }, httpVersion: '2' as const };
    const step = makeStep(one.url, { method: 'HEAD', head });
    const { records } = await archived([{ body: { chunks: [] }, trail: [step] }]);
    expect(headersOf(ofType(records, 'response'))).toEqual({ 'content-length': ['12345'] });
  });

  it('lets no value begin a line, and no name be anything but one', async () => {
    const evil = { 'x-a': ['1\r\nset-cookie: evil=1\r\n\r\nWARC/1.1'], 'bad name\r\nx: y': ['2'], '': ['3'] };
    const got = await headOf(evil, { requestHeaders: { 'x-b': 'a\r\n\r\nGET / HTTP/1.1' } });
    expect(got).toEqual({ 'x-a': ['1 set-cookie: evil=1 WARC/1.1'], 'content-length': ['8'] });
  });

  it('whatever the server said, the archive can be read', async () => {
    const path = join(makeFolder(), 'pages.warc.gz');
    const session = await warcStore({ path, place: 'x' }).open(runOptions(path));
    const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
    const headers = fc.dictionary(text, fc.array(text, { minLength: 1, maxLength: 3 }), { maxKeys: 4 });
    const bytes = fc.uint8Array({ maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(headers, bytes, fc.integer({ min: 200, max: 599 }), async (values, payload, status) => {
        const head = { status, headers: values, httpVersion: '1.1' as const };
        const step = makeStep(one.url, { head });
        await session.keep(one, makeRecord(one), { chunks: [Buffer.from(payload)] }, [step]);
      }),
      { numRuns: 200 },
    );
    await session.close();
    const { records, problems } = readArchive(path);
    expect(problems).toEqual([]);
    expect(records).toHaveLength(1 + 3 * 200);
  });
});

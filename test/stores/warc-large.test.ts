import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, createGunzip, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { warcStore } from '../../src/stores/warc.ts';
import { joinCrc, readMember } from '../../src/stores/warc-gzip.ts';
import { makeFolder, makePage, makeRecord, runOptions } from '../support/store-pages.ts';
import { makeStep, readArchive } from '../support/warc-archive.ts';

const NAMES = ['pages.warc.gz', 'pages.warc'];
const page = makePage('https://example.com/large');
const small = makePage('https://example.com/small');
const step = makeStep(page.url);
const smallBody = Buffer.from('small');

function open(path: string) {
  return warcStore({ path, place: 'pages.warc.gz' }).open(runOptions(path));
}

describe.each(NAMES)('a body that goes into %s by a draft', (name) => {
  it.each([0, 1, 40, 65_536, 3_000_001])('of %i bytes comes out as it went in', async (bytes) => {
    const folder = makeFolder();
    const path = join(folder, name);
    const body = Buffer.concat([randomBytes(bytes >> 1), Buffer.alloc(bytes - (bytes >> 1), 'text ')]);
    const session = await open(path);
    const draft = await session.draft?.(page);
    if (draft === undefined) throw new Error('no draft');
    for (let at = 0; at < bytes; at += 60_000) await draft.write(body.subarray(at, at + 60_000));
    expect(readdirSync(folder)).toContain(`.${name}.tmp-1`);
    const small1 = session.keep(small, makeRecord(small), { chunks: [smallBody] }, [makeStep(small.url)]);
    await Promise.all([small1, session.keep(page, makeRecord(page), { draft }, [step])]);
    await draft.discard();
    await session.close();
    expect(readdirSync(folder).sort()).toEqual([`.${name}.index`, `.${name}.lock`, name]);
    const { records, problems } = readArchive(path, { payloads: true });
    expect(problems).toEqual([]);
    const answers = records.filter(({ type }) => type === 'response');
    expect(answers.map(({ payload }) => Buffer.from(payload ?? '', 'base64').toString('latin1')).sort()).toEqual(
      ['small', body.toString('latin1')].sort(),
    );
    const next = await open(path);
    expect(next.stored.pages).toBe(2);
    expect(await next.validators?.(page)).toEqual({ url: page.url, etag: '"a"' });
    await next.close();
  });

  it('leaves nothing when it is discarded', async () => {
    const folder = makeFolder();
    const session = await open(join(folder, name));
    const draft = await session.draft?.(page);
    await draft?.write(Buffer.alloc(100_000));
    await draft?.discard();
    await draft?.discard();
    await expect(draft?.write(smallBody)).rejects.toThrow('discarded');
    await session.close();
    expect(readdirSync(folder).filter((file) => file.includes('tmp'))).toEqual([]);
    expect(existsSync(join(folder, name)) && readFileSync(join(folder, name)).length).toBe(0);
  });

  it('of 200 MB takes no more memory than a small one, on its way in and when it is looked at again', async () => {
    const path = join(makeFolder(), name);
    const session = await open(path);
    const chunk = Buffer.concat([randomBytes(8_000), Buffer.alloc(1_000_000 - 8_000, 'All work and no play. ')]);
    const before = process.memoryUsage.rss();
    let peak = before;
    const measure = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 20);
    const draft = await session.draft?.(page);
    if (draft === undefined) throw new Error('no draft');
    for (let n = 0; n < 200; n++) await draft.write(chunk);
    await session.keep(page, makeRecord(page), { draft }, [step]);
    await session.keep(small, makeRecord(small), { chunks: [smallBody] }, [makeStep(small.url)]);
    await session.close();
    rmSync(join(path, '..', `.${name}.index`));
    const next = await open(path);
    expect(next.stored.pages).toBe(2);
    await next.close();
    clearInterval(measure);
    expect((peak - before) / 2 ** 20).toBeLessThan(100);
    const length = await inflatedLength(path);
    expect(length).toBeGreaterThan(200_000_000);
    expect(length).toBeLessThan(200_010_000);
    truncateSync(path, Math.floor(readFileSync(path).length / 2));
    const cut = await open(path);
    expect(cut.stored.pages).toBe(0);
    expect(cut.notices).toHaveLength(1);
    await cut.close();
  }, 120_000);
});

async function inflatedLength(path: string): Promise<number> {
  const file = createReadStream(path);
  let length = 0;
  for await (const piece of path.endsWith('.gz') ? file.pipe(createGunzip()) : file) length += (piece as Buffer).length;
  return length;
}

describe('a gzip member', () => {
  it('is read off the front of what may follow, or found short or bad', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(),
        (content, more, at) => {
          const member = gzipSync(content);
          expect(readMember(Buffer.concat([member, more]), 1000)).toEqual({
            content: Buffer.from(content),
            length: member.length,
          });
          expect(readMember(member.subarray(0, at % member.length), 1000)).toBe('short');
          const spoilt = Buffer.from(member);
          const last = spoilt.length - 1 - (at % 8);
          spoilt[last] = (spoilt[last] ?? 0) ^ 1;
          expect(readMember(spoilt, 1000)).toBe('bad');
        },
      ),
    );
    expect(readMember(gzipSync(Buffer.alloc(5000)), 1000)).toBe('large');
  });

  it('may have a name, a comment, an extra field and a check of its header', () => {
    const plain = gzipSync('hello');
    const head = Buffer.from(plain.subarray(0, 10));
    head[3] = 2 | 4 | 8 | 16;
    const extra = Buffer.from([3, 0, 1, 2, 3]);
    const rest = Buffer.concat([head, extra, Buffer.from('name\0comment\0'), Buffer.from([0, 0]), plain.subarray(10)]);
    expect(readMember(rest, 1000)).toEqual({ content: Buffer.from('hello'), length: rest.length });
    for (let cut = 0; cut < rest.length; cut++) expect(readMember(rest.subarray(0, cut), 1000)).toBe('short');
  });

  it('has the check of its parts joined', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array({ maxLength: 5000 }), (a, b) => {
        expect(joinCrc(crc32(a), crc32(b), b.length)).toBe(crc32(Buffer.concat([a, b])));
      }),
    );
    const zeros = Buffer.alloc(5_000_000);
    expect(joinCrc(crc32('a'), crc32(zeros), zeros.length)).toBe(crc32(Buffer.concat([Buffer.from('a'), zeros])));
  });
});

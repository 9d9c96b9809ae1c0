import { fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../src/core/failure.ts';
import { AppendLog } from '../../src/stores/append-log.ts';
import { QuickDisk } from '../../src/stores/quick-disk.ts';
import { makeFolder } from '../support/store-pages.ts';

const explain = (error: unknown) => new StoreError(`cannot: ${error instanceof Error ? error.message : error}`);
const line = (n: number, length = 10) => [Buffer.from(`${n} `), Buffer.from('x'.repeat(length)), Buffer.from('\n')];

describe.each([
  ['on this thread', true],
  ['on other threads', false],
])('AppendLog, written %s', (_, isLocal) => {
  const disk = () => new QuickDisk(isLocal);

  it('has written a line when its promise is kept, and keeps the order', async () => {
    const path = join(makeFolder(), 'log');
    const log = new AppendLog(openSync(path, 'w+'), 0, explain, disk());
    const appended: number[] = [];
    await Promise.all(
      Array.from({ length: 3_000 }, async (_, n) => {
        await log.append(line(n, n % 50));
        appended.push(n);
        if (n % 500 === 0) expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`^${n} `, 'm'));
      }),
    );
    const numbers = readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((text) => Number.parseInt(text, 10));
    expect(numbers).toEqual(Array.from({ length: 3_000 }, (_, n) => n));
    expect(appended).toHaveLength(3_000);
    await log.close();
  });

  it('goes on when lines come one after the other, each just as the last is written', async () => {
    const path = join(makeFolder(), 'log');
    const log = new AppendLog(openSync(path, 'w+'), 0, explain, disk());
    for (let n = 0; n < 500; n++) await log.append(line(n));
    await log.close();
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(501);
  });

  it('writes lines of more pieces and bytes than one write takes', async () => {
    const path = join(makeFolder(), 'log');
    const log = new AppendLog(openSync(path, 'w+'), 0, explain, disk());
    const pieces = Array.from({ length: 5_000 }, (_, n) => Buffer.from(String(n % 10)));
    await Promise.all([log.append(pieces), log.append([Buffer.alloc(20 * 2 ** 20, 'y')]), log.append(line(1))]);
    await log.close();
    const written = readFileSync(path);
    expect(written.length).toBe(5_000 + 20 * 2 ** 20 + 13);
    expect(written.subarray(0, 5_000).equals(Buffer.concat(pieces))).toBe(true);
  });

  it('takes what is read from elsewhere in its turn, and cuts it off again where that fails in the middle', async () => {
    const path = join(makeFolder(), 'log');
    const log = new AppendLog(openSync(path, 'w+'), 0, explain, disk());
    async function* stream(fails: boolean) {
      const buffer = Buffer.alloc(1000);
      for (let n = 0; n < 5; n++) yield buffer.fill(String(n));
      if (fails) throw new Error('torn from the wall');
    }
    await Promise.all([log.append(line(1)), log.append(stream(false)), log.append(line(2))]);
    const expected = `1 xxxxxxxxxx\n${[0, 1, 2, 3, 4].map((n) => String(n).repeat(1000)).join('')}2 xxxxxxxxxx\n`;
    expect(readFileSync(path, 'utf8')).toBe(expected);
    const failing = [log.append(stream(true)), log.append(line(3))];
    for (const each of failing) await expect(each).rejects.toThrow('cannot: torn from the wall');
    await expect(log.append(line(4))).rejects.toThrow(StoreError);
    await log.close();
    expect(readFileSync(path, 'utf8')).toBe(expected);
  });

  it('fails what waits, and everything after, when a write fails', async () => {
    const path = join(makeFolder(), 'log');
    await (async () => {
      const log = new AppendLog(openSync(path, 'w'), 0, explain, disk());
      await log.append(line(0));
      await log.close();
    })();
    const size = readFileSync(path).length;
    // Open for reading only: every write is refused.
    const log = new AppendLog(openSync(path, 'r'), size, explain, disk());
    const results = await Promise.allSettled([log.append(line(1)), log.append(line(2))]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    await expect(log.append(line(3))).rejects.toThrow(StoreError);
    await log.close();
    expect(readFileSync(path).length).toBe(size);
  });

  it('throws from close what nobody was told', async () => {
    const fd = openSync('/dev/null', 'w');
    const log = new AppendLog(fd, 0, explain, disk());
    // fdatasync of a device that cannot be synced fails with EINVAL.
    await log.append(line(1));
    await expect(log.close()).rejects.toThrow(StoreError);
    expect(() => fstatSync(fd)).toThrow('EBADF');
  });
});

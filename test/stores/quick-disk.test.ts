import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { isLocalDisk, QuickDisk } from '../../src/stores/quick-disk.ts';

const SMALL = 1_000;

/** A disk that takes as long as it is told, in a time of its own. */
function diskOf(isLocal = true) {
  let now = 0;
  const disk = new QuickDisk(isLocal, () => now);
  return {
    suits: (bytes = SMALL) => disk.suits(bytes),
    pass: (ms: number) => {
      now += ms;
    },
    /** How many of so many files, each taking `ms`, were written before it was found too slow. */
    write: (files: number, ms: number) => {
      let written = 0;
      while (written < files && disk.suits(SMALL)) {
        disk.run(() => {
          now += ms;
        });
        written += 1;
      }
      return written;
    },
  };
}

describe('which files are written on the main thread', () => {
  it('takes small files on a local disk', () => {
    expect(diskOf().suits()).toBe(true);
  });

  it('takes none on a disk that is not known to be local', () => {
    expect(diskOf(false).suits()).toBe(false);
  });

  it('takes no large file', () => {
    expect(diskOf().suits(262_145)).toBe(false);
  });

  it('goes on as long as a file takes less than a millisecond', () => {
    expect(diskOf().write(10_000, 0.5)).toBe(10_000);
  });

  it('is not put off by a wait now and then, as on a machine with too much to do', () => {
    const disk = diskOf();
    for (let round = 0; round < 100; round++) {
      expect(disk.write(1, 30)).toBe(1);
      expect(disk.write(100, 0.05)).toBe(100);
    }
  });

  it.each([
    [2, 40],
    [5, 15],
    [20, 4],
    [300, 1],
  ])('leaves a disk that takes %d ms a file to other threads after at most %d files', (ms, files) => {
    const disk = diskOf();
    expect(disk.write(1_000, ms)).toBeLessThanOrEqual(files);
    expect(disk.suits()).toBe(false);
  });

  it('tries again after a hundred times what the last file took', () => {
    const disk = diskOf();
    disk.write(1, 300);
    disk.pass(29_999);
    expect(disk.suits()).toBe(false);
    disk.pass(1);
    expect(disk.suits()).toBe(true);
  });

  it('is left to other threads for as long as another one says', () => {
    let now = 0;
    const [here, there] = [new QuickDisk(true, () => now), new QuickDisk(true, () => now)];
    there.run(() => {
      now += 300;
    });
    expect(there.restMs).toBe(30_000);
    here.rest(there.restMs);
    expect(here.suits(SMALL)).toBe(false);
    now += 30_000;
    expect([here.suits(SMALL), there.restMs]).toEqual([true, 0]);
  });

  it('sees how long what failed took, too', () => {
    let now = 0;
    const disk = new QuickDisk(true, () => {
      now += 1_000;
      return now;
    });
    expect(() =>
      disk.run(() => {
        throw new Error('EIO');
      }),
    ).toThrow('EIO');
    expect(disk.suits(SMALL)).toBe(false);
  });
});

it.runIf(process.platform === 'linux')('knows a local disk', () => {
  expect(isLocalDisk(tmpdir())).toBe(true);
  expect(isLocalDisk('/proc')).toBe(false);
  expect(isLocalDisk('/not/there')).toBe(false);
});

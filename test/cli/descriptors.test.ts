import { describe, expect, test } from 'vitest';
import { descriptorLimit, fitDescriptors } from '../../src/cli/descriptors.ts';
import { testConfig } from '../support/model-run.ts';

const config = testConfig({ pace: { concurrency: 100, perOrigin: 50 } });

describe('descriptors', () => {
  test.skipIf(process.platform !== 'linux')('the limit of this process is a number of some size', () => {
    expect(descriptorLimit()).toBeGreaterThan(10);
  });

  test('where the limit is not known, nothing changes', () => {
    expect(fitDescriptors(config, undefined)).toEqual({ config });
  });

  test('where there are enough, only the idle connections are bounded', () => {
    const { config: fitted, notice } = fitDescriptors(config, 264);
    expect(fitted).toEqual({ ...config, net: { ...config.net, maxConnections: 150 } });
    expect(notice).toBeUndefined();
  });

  test('where there are too few, fewer requests are made at a time, and that is told', () => {
    const { config: fitted, notice } = fitDescriptors(config, 104);
    expect(fitted.pace).toMatchObject({ concurrency: 30, perOrigin: 30 });
    expect(fitted.net).toMatchObject({ concurrency: 30, perOrigin: 30, maxConnections: 30 });
    expect(notice).toBe(
      'At most 30 requests at a time instead of 100: this process may have 104 files open, connections included ' +
        '(ulimit -n raises that).',
    );
  });

  test('one request at a time there always is', () => {
    expect(fitDescriptors(config, 10).config.pace.concurrency).toBe(1);
  });
});

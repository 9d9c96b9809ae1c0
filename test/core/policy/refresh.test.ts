import { describe, expect, test } from 'vitest';
import { conditionFor } from '../../../src/core/policy/refresh.ts';
import type { Validators } from '../../../src/core/record.ts';

const URL_ = 'https://a.test/page';
const GET = { method: 'GET', url: URL_, headers: [] as const };
const BOTH: Validators = { url: URL_, etag: 'W/"1"', lastModified: 'Sun, 06 Nov 1994 08:49:37 GMT' };

describe('the condition that a page is asked for again with', () => {
  test('is what the server said of the version that is stored, as it came', () => {
    expect(conditionFor(GET, BOTH)).toEqual({
      'if-none-match': 'W/"1"',
      'if-modified-since': 'Sun, 06 Nov 1994 08:49:37 GMT',
    });
    expect(conditionFor({ ...GET, method: 'HEAD' }, { url: URL_, etag: '"1"' })).toEqual({ 'if-none-match': '"1"' });
    expect(conditionFor(GET, { url: URL_, lastModified: 'x' })).toEqual({ 'if-modified-since': 'x' });
  });

  test.each<[why: string, request: Parameters<typeof conditionFor>[0], stored: Validators | undefined]>([
    ['nothing is stored', GET, undefined],
    ['the server gave no validator', GET, { url: URL_ }],
    ['the answer came from elsewhere, after a redirect', GET, { ...BOTH, url: 'https://a.test/other' }],
    ['the method is neither GET nor HEAD', { ...GET, method: 'POST' }, BOTH],
    ['the page has a condition of its own', { ...GET, headers: [['if-none-match', '"own"']] }, BOTH],
    ['the page asks for a part', { ...GET, headers: [['range', 'bytes=0-9']] }, BOTH],
  ])('is none where %s', (_, request, stored) => {
    expect(conditionFor(request, stored)).toBeUndefined();
  });
});

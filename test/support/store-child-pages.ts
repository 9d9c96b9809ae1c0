import type { Page } from '../../src/core/page.ts';
import { hashKey, pageKey } from '../../src/core/page-key.ts';
import type { PageRecord } from '../../src/core/record.ts';

/** Text of some 10 to 30,000 bytes, the same for a number in every process. */
export function childBody(n: number): Buffer {
  return Buffer.from(JSON.stringify({ n, text: `line ${n}\n`.repeat((n * 37) % 3_000) }));
}

export function childPage(n: number): { readonly page: Page; readonly record: PageRecord } {
  const url = `https://api.example.com/Items/${n}?page=${n}`;
  const wish = n % 5 === 0 ? { file: `wished/${n % 50}.json` } : {};
  const hash = hashKey(pageKey({ method: 'GET', url, headers: [] }));
  const line = `urls.txt:${n + 1}`;
  const page = {
    url,
    origin: 'https://api.example.com',
    method: 'GET',
    headers: [],
    line,
    keyed: false,
    ...hash,
    ...wish,
  };
  const record: PageRecord = {
    url,
    method: 'GET',
    line,
    outcome: 'ok',
    fetchedAt: new Date(Date.UTC(2026, 10, 22) + n).toISOString(),
    status: 200,
    attempts: 1,
    requests: 1,
    contentType: 'application/json',
    headers: { etag: [`"${n}"`] },
    bytes: childBody(n).length,
    elapsedMs: 1,
    waitedMs: 0,
  };
  return { page, record };
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Done, ITEMS } from './run-script.ts';

/** What a block must have done beside ending with its exit code. */
export const EFFECTS: Readonly<Record<string, (done: Done) => void>> = {
  warc: ({ folder }) => expect(readFileSync(join(folder, 'pages.warc.gz')).length).toBeGreaterThan(1_000),
  cdxj: ({ folder }) =>
    expect(rows(folder, 'pages.cdxj').filter((line) => line.startsWith('com,example,api)/'))).toHaveLength(4),
  'sqlite-store': ({ folder }) => expect(readdirSync(folder)).toContain('pages.db'),
  'sqlite-shards': ({ folder }) => expect(readdirSync(folder)).toContain('shard-1.db'),
  list: ({ folder }) => expect(bodies(join(folder, 'pages'))).toHaveLength(4),
  pipe: ({ stdout }) => expect(stdout.match(/^https:\/\/api\.example\.com\/items\/\d\t200\t\d+$/gm)).toHaveLength(4),
  script: ({ stdout }) => expect(stdout).toContain('Every page is in pages/.'),
  migrate: ({ folder, stdout }) => {
    expect(['pages', 'downloads', 'others'].map((name) => bodies(join(folder, name)).length)).toEqual([4, 4, 4]);
    expect(stdout).toContain('"contentType":"application/json"');
  },
  lists: ({ folder, site }) => {
    expect(bodies(join(folder, 'pages'))).toContain('lamps.json');
    expect(site.server.requests.filter(({ path }) => path.startsWith('/items/'))).toHaveLength(52);
  },
  requests: ({ folder, site }) => {
    const shown = site.server.requests.filter(({ headers }) => headers.authorization === 'Bearer secret');
    expect(shown).toHaveLength(11);
    expect(record(folder, 'me.ndjson')).toMatchObject({ body: { me: `Basic ${btoa('me:secret')}` } });
    expect(record(folder, 'found.ndjson')).toMatchObject({ body: { asked: '{"q": "lamp"}' } });
    expect(record(folder, 'also-found.ndjson')).toMatchObject({ body: { asked: 'q=lamp&size=50' } });
  },
  strict: ({ folder }) => expect(rows(folder, 'bodies.ndjson')).toHaveLength(4),
  tolerant: ({ stdout }) => expect(stdout).toBe('going on with what there is\n'),
  cron: ({ folder, stdout, stderr }) => {
    expect(stdout + stderr).toBe('');
    expect(readdirSync(folder).filter((name) => /^pages-\d{4}-\d\d-\d\d$/.test(name))).toHaveLength(1);
    expect(JSON.parse(readFileSync(join(folder, 'last-run.json'), 'utf8'))).toMatchObject({ exitCode: 0 });
  },
  find: ({ stdout }) => expect(stdout.trim().split('\n')).toHaveLength(4),
  again: ({ folder, site }) => {
    expect(site.server.count('/not-yet')).toBe(3);
    expect(readFileSync(join(folder, 'rest.txt'), 'utf8')).toBe('');
  },
  stores: ({ folder }) => expect(readdirSync(folder)).toEqual(expect.arrayContaining(['pages.db', 'pages.warc.gz'])),
  api: ({ folder }) => {
    expect(rows(folder, 'all.jsonl').toSorted()).toEqual(['{"id":"1-1"}', '{"id":"2-1"}', '{"id":"3-1"}']);
  },
  archive: ({ folder }) => {
    expect(rows(folder, 'site.cdxj').filter((line) => line.startsWith('com,example)/'))).toHaveLength(3);
  },
  duckdb: ({ folder }) => expect(rows(folder, 'items.csv')).toContain('2,lamp 2'),
  workflow: ({ stdout }) => expect(stdout).toContain('docs/guide.md:1:See '),
  links: ({ folder }) => expect(rows(folder, 'broken.txt')).toEqual(['https://www.example.com/missing']),
  jq: ({ folder }) => {
    expect(rows(folder, 'items.jsonl').toSorted()).toEqual(['{"id":"1-1"}', '{"id":"2-1"}', '{"id":"3-1"}']);
    expect(rows(folder, 'items.csv')).toContain('2,"lamp 2","https://api.example.com/items/2"');
  },
  head: ({ folder, stderr }) => {
    expect(rows(folder, 'sample.ndjson')).toHaveLength(2);
    expect(stderr).toBe('');
  },
  sitemap: ({ folder }) => {
    const host = 'www.example.com/';
    const names = ['about.body', 'index.body', 'search@q=lamp,page=2.body'];
    expect(bodies(join(folder, 'site'))).toEqual(names.map((name) => host + name));
  },
  data: ({ folder }) => expect(bodies(join(folder, 'products'))).toEqual(['la-1.json', 'la-2.json']),
  report: ({ folder }) => {
    expect(readFileSync(join(folder, 'run.html'), 'utf8')).toContain('4 of 5 pages are OK.');
    expect(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'))).toMatchObject({ pages: { ok: 4, notOk: 1 } });
  },
  summary: ({ stdout }) => expect(stdout).toMatch(/^4 of 5 pages in [\d.]+ s, 0 refusals\n1 HTTP_404\n$/),
  shards: ({ folder }) => {
    expect(
      rows(folder, 'all.ndjson')
        .map((row) => JSON.parse(row).url)
        .toSorted(),
    ).toEqual(ITEMS);
  },
  manifest: ({ stdout }) => {
    expect(stdout).toContain('https://api.example.com/items/1\tapi.example.com/items/1.body\n');
  },
  xargs: ({ folder }) => {
    expect([rows(folder, 'a.ndjson').length, rows(folder, 'b.ndjson').length]).toEqual([2, 3]);
  },
  ci: ({ folder }) => {
    expect(rows(folder, 'broken.txt')).toEqual(['https://www.example.com/missing']);
    expect(JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'))).toMatchObject({ exitCode: 1 });
  },
  nightly: ({ folder, stdout, stderr }) => {
    expect(stdout + stderr).toBe('');
    expect(JSON.parse(readFileSync(join(folder, 'last-night.json'), 'utf8'))).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(folder, 'missing.txt'), 'utf8')).toBe('');
  },
  errors: ({ folder }) => expect(rows(folder, 'rest.txt')).toEqual(['https://www.example.com/missing']),
  'from-curl': ({ folder, stdout }) => {
    expect(bodies(join(folder, 'me'))).toHaveLength(1);
    expect(bodies(join(folder, 'fifty'))).toHaveLength(50);
    expect(stdout).toBe(`${JSON.stringify({ asked: '{"q": "lamp"}' })}\n`);
  },
  'from-wget2': ({ folder, site }) => {
    expect(bodies(join(folder, 'pages'))).toHaveLength(4);
    expect(site.server.requests).toHaveLength(8);
    expect(site.server.requests.every(({ headers }) => headers['user-agent'] === 'me')).toBe(true);
  },
  'from-aria2': ({ folder }) => {
    expect(bodies(join(folder, 'downloads'))).toHaveLength(4);
    expect(readFileSync(join(folder, 'rest.txt'), 'utf8')).toBe('');
  },
  'from-httpx': ({ stdout }) => {
    expect(stdout.match(/^\{"url":/gm)).toHaveLength(4);
    expect(stdout.match(/^https:\/\/api\.example\.com\/items\/\d\t200$/gm)).toHaveLength(4);
  },
  resume: ({ site }) => expect(site.server.requests).toHaveLength(4),
};

function rows(folder: string, name: string): readonly string[] {
  return readFileSync(join(folder, name), 'utf8').trim().split('\n');
}

function record(folder: string, name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}

/** The files of pages in a folder, sorted. */
function bodies(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return paths.filter((path) => path !== 'manifest.ndjson' && !path.startsWith('.')).toSorted();
}

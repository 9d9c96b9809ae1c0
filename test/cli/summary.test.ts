import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXIT, exitCode } from '../../src/cli/exit-code.ts';
import { summarise, summaryText, writeSummary } from '../../src/cli/summary.ts';
import { STORE_FORMATS } from '../../src/core/config.ts';
import type { StopReason, Verdict } from '../../src/core/event.ts';
import { verdictOf } from './verdict.ts';

const FACTS = {
  program: '1.2.3',
  exitCode: 1,
  startedWall: Date.UTC(2026, 0, 2, 3, 4, 5),
  endedWall: Date.UTC(2026, 0, 2, 3, 4, 6, 250),
  format: 'files',
  place: 'pages/',
} as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fetch-pages-summary-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the verdict, field by field', () => {
  const failures = [{ code: 'HTTP_404', message: 'Not Found', pages: 1, examples: ['https://a.example/'] }];
  const summary = summarise(verdictOf({ ok: 3, notOk: 1, failures, stopped: 'SIGINT', listRead: false }), FACTS);
  expect(JSON.parse(summaryText(summary))).toEqual({
    version: 1,
    program: '1.2.3',
    exitCode: 1,
    startedAt: '2026-01-02T03:04:05.000Z',
    endedAt: '2026-01-02T03:04:06.250Z',
    elapsedSeconds: 1.25,
    waitedSeconds: 0.5,
    stopped: 'SIGINT',
    list: { read: false, truncated: false, duplicates: 2 },
    pages: { total: 4, ok: 3, notOk: 1, unfinished: 0, alreadyStored: 1, unchanged: 0, invalid: 0 },
    failures,
    traffic: { attempts: 3, requests: 5, retries: 1, refusals: 1, wireBytes: 100, bytes: 400 },
    store: { format: 'files', place: 'pages/' },
  });
});

test('what did not happen is absent', () => {
  const summary = summarise(verdictOf({}), FACTS);
  expect(summary).not.toHaveProperty('stopped');
  expect(summary).not.toHaveProperty('storeFailure');
  expect(summarise(verdictOf({ storeFailure: 'full' }), FACTS)).toMatchObject({ storeFailure: 'full' });
});

test('takes the place of an older one, and leaves nothing beside it', () => {
  const path = join(folder, 's.json');
  writeFileSync(path, 'old');
  const summary = summarise(verdictOf({}), FACTS);
  writeSummary(path, summary);
  expect(readFileSync(path, 'utf8')).toBe(summaryText(summary));
  expect(readdirSync(folder)).toEqual(['s.json']);
});

const SCHEMA = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'summary.schema.json'), 'utf8'));
const validate = new Ajv2020({ allErrors: true, strictRequired: true, formats: { 'date-time': true } }).compile(SCHEMA);
const errorsOf = (value: unknown): readonly string[] => {
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
};
const failures = [{ code: 'HTTP_404', message: 'answered 404', pages: 1, examples: ['https://a.example/'] }];
const FULL = verdictOf({ ok: 3, notOk: 1, failures, stopped: 'store', storeFailure: 'full' });
const STOP_REASONS: Readonly<Record<StopReason, true>> = {
  SIGINT: true,
  SIGTERM: true,
  SIGHUP: true,
  deadline: true,
  'fail-fast': true,
  'max-failures': true,
  'reader-gone': true,
  store: true,
  abort: true,
};

describe('its JSON Schema', () => {
  test.each<readonly [string, Verdict]>([
    ['of a run that went well', verdictOf({})],
    ['with every field', FULL],
    ...Object.keys(STOP_REASONS).map(
      (stopped) => [`stopped by ${stopped}`, verdictOf({ stopped: stopped as StopReason })] as const,
    ),
  ])('takes a summary %s', (_, verdict) => {
    const code = exitCode(verdict, { pageListed: true, writeFailed: false });
    expect(errorsOf(JSON.parse(summaryText(summarise(verdict, { ...FACTS, exitCode: code }))))).toEqual([]);
  });

  test.each(STORE_FORMATS)('knows the store %s', (format) => {
    expect(errorsOf(summarise(verdictOf({}), { ...FACTS, format }))).toEqual([]);
  });

  test.each(Object.values(EXIT).filter((code) => code !== EXIT.bug))('knows the exit code %i', (code) => {
    expect(errorsOf(summarise(verdictOf({}), { ...FACTS, exitCode: code }))).toEqual([]);
  });

  test('names every field that is written, and describes each', () => {
    const undescribed = (schema: Record<string, unknown>, value: unknown, path: string): string[] => {
      const own = typeof schema.description === 'string' ? [] : [path];
      if (Array.isArray(value))
        return [
          ...own,
          ...value
            .filter((item) => typeof item === 'object')
            .flatMap((item) => undescribed(schema.items as never, item, `${path}[]`)),
        ];
      if (typeof value !== 'object' || value === null) return own;
      const properties = (schema.properties ?? {}) as Record<string, Record<string, unknown>>;
      const within = Object.entries(value).flatMap(([key, field]) => {
        const known = properties[key];
        return known === undefined ? [`${path}.${key}`] : undescribed(known, field, `${path}.${key}`);
      });
      return [...own, ...within];
    };
    expect(undescribed(SCHEMA, summarise(FULL, FACTS), '')).toEqual([]);
  });

  test.each<[string, Record<string, unknown>]>([
    ['another version', { version: 2 }],
    ['a count that is none', { pages: { ...summarise(FULL, FACTS).pages, ok: -1 } }],
    ['a time of another form', { startedAt: '22:00' }],
    ['a reason to stop that there is not', { stopped: 'boredom' }],
    ['a field that is missing', { traffic: {} }],
  ])('refuses %s', (_, changes) => {
    expect(errorsOf({ ...summarise(FULL, FACTS), ...changes })).not.toEqual([]);
  });

  test('and docs/summary.md agree on every field', () => {
    const rowsOf = (schema: { properties: object; required: readonly string[] }, prefix: string): string[] =>
      Object.entries(schema.properties).flatMap(([key, field]) => {
        const name = `${prefix}${key}`;
        const absent = schema.required.includes(key) ? '' : ' (may be absent)';
        const within = field.properties === undefined ? [] : rowsOf(field, `${name}.`);
        const items = field.items?.properties === undefined ? [] : rowsOf(field.items, `${name}[].`);
        return [`\`${name}\`${absent}: ${field.description}`, ...within, ...items];
      });
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'summary.md'), 'utf8');
    const rows = [...text.matchAll(/^\| (`.*?) \| .*? \| (.*) \|$/gm)].map(
      ([, name, meaning]) => `${name}: ${meaning}`,
    );
    expect(rows).toEqual(rowsOf(SCHEMA, ''));
  });

  test('lets later versions say more', () => {
    expect(errorsOf({ ...summarise(FULL, FACTS), news: true })).toEqual([]);
  });
});

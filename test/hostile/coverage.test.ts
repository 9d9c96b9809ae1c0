import { existsSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type HostileCase, LAST_CASE } from './cases.ts';

const TABLES = readdirSync(import.meta.dirname).filter((name) => name.endsWith('-rows.ts'));

async function rowsOf(table: string): Promise<readonly HostileCase[]> {
  const { ROWS } = (await import(`./${table}`)) as { ROWS: readonly HostileCase[] };
  return ROWS;
}

it('every case from 1 to the last has a row', async () => {
  const rows = (await Promise.all(TABLES.map(rowsOf))).flat();
  const seen = new Set(rows.map((row) => row.case));
  const wanted = Array.from({ length: LAST_CASE }, (_, index) => index + 1);
  expect(wanted.filter((number) => !seen.has(number))).toEqual([]);
  expect([...seen].filter((number) => !wanted.includes(number))).toEqual([]);
});

it('every table is run by the test beside it', () => {
  const lonely = TABLES.filter(
    (table) => !existsSync(`${import.meta.dirname}/${table.replace('-rows.ts', '.test.ts')}`),
  );
  expect(lonely).toEqual([]);
});

it('every row has a name of its own', async () => {
  const names = (await Promise.all(TABLES.map(rowsOf))).flat().map((row) => `${row.case} ${row.name}`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

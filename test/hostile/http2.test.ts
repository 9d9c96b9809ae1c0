import { describe, it } from 'vitest';
import { ROWS } from './http2-rows.ts';
import { checkRow } from './http2-run.ts';

describe('HTTP/2: one page of a bad server', () => {
  it.each(ROWS)('$case: $name', (row) => checkRow(row));
});

import { describe, it } from 'vitest';
import { checkRow } from './http2-run.ts';
import { ROWS } from './http2-session-rows.ts';

describe('HTTP/2: many pages on the session of a bad server', () => {
  it.each(ROWS)('$case: $name', (row) => checkRow(row));
});

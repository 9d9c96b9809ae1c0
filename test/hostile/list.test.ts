import { describe, it } from 'vitest';
import { ROWS, runListCase } from './list-rows.ts';

describe('lists', () => {
  it.each(ROWS)('$case: $name', (row) => ('check' in row ? row.check() : runListCase(row)));
});

import { describe } from 'vitest';
import { ROWS } from './limit-rows.ts';
import { testCases } from './server-case.ts';

describe('what never ends, or is too much', () => testCases(ROWS));

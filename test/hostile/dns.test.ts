import { describe } from 'vitest';
import { ROWS } from './dns-rows.ts';
import { testCases } from './server-case.ts';

describe('names', () => testCases(ROWS));

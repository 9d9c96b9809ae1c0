import { describe } from 'vitest';
import { ROWS } from './output-rows.ts';
import { testCases } from './server-case.ts';

describe('what is written', () => testCases(ROWS));

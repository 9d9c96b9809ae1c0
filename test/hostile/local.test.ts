import { describe } from 'vitest';
import { ROWS } from './local-rows.ts';
import { testCases } from './server-case.ts';

describe('a machine that is short of something', () => testCases(ROWS));

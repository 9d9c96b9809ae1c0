import { describe } from 'vitest';
import { ROWS } from './content-rows.ts';
import { testCases } from './server-case.ts';

describe('content codings', () => testCases(ROWS));

import { describe } from 'vitest';
import { testCases } from './server-case.ts';
import { ROWS } from './tcp-rows.ts';

describe('connections', () => testCases(ROWS));

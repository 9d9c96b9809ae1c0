import { describe } from 'vitest';
import { ROWS } from './redirect-rows.ts';
import { testCases } from './server-case.ts';

describe('redirects', () => testCases(ROWS));

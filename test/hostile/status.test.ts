import { describe } from 'vitest';
import { testCases } from './server-case.ts';
import { ROWS } from './status-rows.ts';

describe('statuses and what is told with them', () => testCases(ROWS));

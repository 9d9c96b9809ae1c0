import { describe } from 'vitest';
import { ROWS } from './framing-rows.ts';
import { testCases } from './server-case.ts';

describe('framing of HTTP/1.1', () => testCases(ROWS));

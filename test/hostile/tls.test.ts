import { describe } from 'vitest';
import { testCases } from './server-case.ts';
import { ROWS } from './tls-rows.ts';

describe('TLS', () => testCases(ROWS));

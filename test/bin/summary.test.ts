import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { useWorkspace } from '../support/workspace.ts';

const SCHEMA = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'summary.schema.json'), 'utf8'));
const validate = new Ajv2020({ allErrors: true, formats: { 'date-time': true } }).compile(SCHEMA);
const work = useWorkspace();

test.each<[string, readonly string[], number, Record<string, unknown>]>([
  ['that went well', ['ok.txt', '-o', 'out/'], 0, { pages: { ok: 3 } }],
  [
    'with failures of all kinds',
    ['bad.txt', '-o', 'out.ndjson', '--retry', '0'],
    1,
    { pages: { notOk: 4, invalid: 1 } },
  ],
  ['that kept nothing', ['ok.txt', '--format', 'none'], 0, { store: { format: 'none', place: 'nowhere' } }],
  ['that was stopped', ['bad.txt', '-o', 'out.db', '--fail-fast', '-c', '1'], 4, { stopped: 'fail-fast' }],
  ['that was not over in time', ['hanging.txt', '-o', 'out/', '--deadline', '300ms'], 4, { stopped: 'deadline' }],
])('the summary of a run %s is as its JSON Schema says', async (_, argv, exitCode, fields) => {
  const server = await work.serve((request, { answer, reset }) => {
    if (request.path.startsWith('/reset')) reset();
    else if (request.path !== '/hangs') answer('page', { status: request.path.startsWith('/missing') ? 404 : 200 });
  });
  const listOf = (...paths: readonly string[]): string[] => paths.map((path) => `${server.origin}${path}`);
  work.write('ok.txt', listOf('/1', '/2', '/3'));
  work.write('bad.txt', [...listOf('/missing/1', '/missing/2', '/1', '/1', '/reset'), 'no page']);
  work.write('hanging.txt', listOf('/1', '/hangs'));
  expect(await work.run([...argv, '--summary', 'summary.json'])).toMatchObject({ code: exitCode });
  const summary: unknown = JSON.parse(work.read('summary.json'));
  validate(summary);
  expect(validate.errors ?? []).toEqual([]);
  expect(summary).toMatchObject({ ...fields, exitCode });
});

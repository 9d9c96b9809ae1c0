import { chmodSync, chownSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();
const uid = process.getuid?.() ?? 0;
const NAME = `tmp/fetch-pages-compiled-${uid}`;
const runOnce = () => work.run(['--help', 'all'], { env: { TMPDIR: work.path('tmp') } });

test('code is kept compiled where nobody else can write', async () => {
  mkdirSync(work.path('tmp'));
  expect(await runOnce()).toMatchObject({ code: 0, stderr: '' });
  expect(lstatSync(work.path(NAME)).mode & 0o777).toBe(0o700);
  expect(work.files(NAME).length).toBeGreaterThan(0);
});

test.each([
  ['that others may write into', (folder: string) => chmodSync(folder, 0o777)],
  ['of somebody else', (folder: string) => (uid === 0 ? chownSync(folder, 65_534, 65_534) : chmodSync(folder, 0o770))],
])('and in no folder %s: they could have put code there', async (_which, give) => {
  mkdirSync(work.path(NAME), { recursive: true });
  give(work.path(NAME));
  expect(await runOnce()).toMatchObject({ code: 0, stderr: '' });
  expect(work.files('tmp')).toEqual([]);
});

test('nor behind a link, nor where there is no temporary folder', async () => {
  mkdirSync(work.path('tmp'));
  mkdirSync(work.path('elsewhere'));
  symlinkSync('../elsewhere', work.path(NAME));
  expect(await runOnce()).toMatchObject({ code: 0, stderr: '' });
  expect(work.files('elsewhere')).toEqual([]);
  const nowhere = { env: { TMPDIR: work.path('nowhere') } };
  expect(await work.run(['--help', 'all'], nowhere)).toMatchObject({ code: 0, stderr: '' });
  expect(work.exists('nowhere')).toBe(false);
});

import { expect } from 'vitest';
import { response, startH1Server } from '../support/h1-server.ts';
import type { CheckCase } from './server-case.ts';
import { send } from './server-case.ts';
import { inNamespace, NO_NAMESPACE, withDescriptors } from './short-of.ts';

export const ROWS: readonly CheckCase[] = [
  {
    case: 13,
    name: 'descriptors run out: every page is fetched all the same, and it costs none of them a try',
    check: fewDescriptors,
  },
  {
    case: 14,
    name: 'ports run out: every page is fetched all the same, and it costs none of them a try',
    ...(NO_NAMESPACE === undefined ? {} : { cannotRun: NO_NAMESPACE }),
    check: fewPorts,
  },
];

const FORTY_OK = new Array(40).fill({ outcome: 'ok', attempts: 1 });

async function fewDescriptors(): Promise<void> {
  const server = await startH1Server(send(response('hi')));
  const records = await withDescriptors(40, server.origin);
  await server.close();
  expect(records.map(({ outcome, attempts }) => ({ outcome, attempts }))).toEqual(FORTY_OK);
}

async function fewPorts(): Promise<void> {
  const { records, noticed } = await inNamespace('ports');
  expect(records.map(({ outcome, attempts }) => ({ outcome, attempts }))).toEqual(FORTY_OK);
  expect(noticed).toBe(true);
}

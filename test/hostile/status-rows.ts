import { expect } from 'vitest';
import { type AnswerScript, response } from '../support/h1-server.ts';
import { hurriedClock } from './hostile-run.ts';
import { type ServerCase, send } from './server-case.ts';

/** Refused once with these fields, then let through. */
const refusedWith = (fields: () => string): AnswerScript => {
  let refused = false;
  return (connection) => {
    if (refused) return connection.send(response('hi'));
    refused = true;
    return connection.send(`HTTP/1.1 429 Too Many Requests\r\n${fields()}content-length: 0\r\n\r\n`);
  };
};

const imf = (inMs: number) => new Date(hurriedClock.wall() + inMs).toUTCString();
/** `Mon, 23 Nov 2026 12:00:41 GMT` in the two older forms (RFC 9110 §5.6.7). */
const rfc850 = (inMs: number) => {
  const [day = '', date = '', month = '', year = '', time = ''] = imf(inMs).split(' ');
  const names = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
  return `${names.find((name) => day.startsWith(name.slice(0, 3)))}, ${date}-${month}-${year.slice(2)} ${time} GMT`;
};
const asctime = (inMs: number) => {
  const [day = '', date = '', month = '', year = '', time = ''] = imf(inMs).split(' ');
  return `${day.slice(0, 3)} ${month} ${String(Number(date)).padStart(2)} ${time} ${year}`;
};

/** The wait that was told is kept, in the run's own time. Nothing told: a backoff of half a second, more or less. */
const waited = (name: string, fields: string | (() => string), fromMs: number, toMs: number): ServerCase => ({
  case: 84,
  name,
  serve: refusedWith(typeof fields === 'string' ? () => fields : fields),
  expect: { outcome: 'ok', attempts: 1, requests: 2 },
  also: ({ record }) => {
    expect(record.waitedMs).toBeGreaterThanOrEqual(fromMs);
    expect(record.waitedMs).toBeLessThan(toMs);
  },
});

/** A busy machine may hold the run for so long: in the run's time fifty times as much as in real time. */
const SLACK_MS = 60_000;
const backsOff = (value: string) =>
  waited(
    `Retry-After: ${value === '' ? 'nothing' : value} cannot be used: a backoff`,
    `retry-after: ${value}\r\n`,
    200,
    SLACK_MS,
  );
const SOON_MS = 20_000;

export const ROWS: readonly ServerCase[] = [
  waited('no Retry-After: a backoff', '', 200, SLACK_MS),
  waited('Retry-After: 0', 'retry-after: 0\r\n', 0, SLACK_MS),
  waited('Retry-After: 1.5', 'retry-after: 1.5\r\n', 1_500, SLACK_MS),
  waited('Retry-After: 20', 'retry-after: 20\r\n', SOON_MS, SOON_MS + SLACK_MS),
  waited('two values: the longer', 'retry-after: 5\r\nretry-after: 20\r\n', SOON_MS, SOON_MS + SLACK_MS),
  waited('a date in 20 s', () => `retry-after: ${imf(SOON_MS)}\r\n`, SOON_MS - 10_000, SOON_MS + SLACK_MS),
  waited('a date as in RFC 850', () => `retry-after: ${rfc850(SOON_MS)}\r\n`, SOON_MS - 10_000, SOON_MS + SLACK_MS),
  waited(
    'a date as asctime writes it',
    () => `retry-after: ${asctime(SOON_MS)}\r\n`,
    SOON_MS - 10_000,
    SOON_MS + SLACK_MS,
  ),
  waited(
    'a date of a server whose clock is a year late',
    () => `date: ${imf(-365 * 86_400_000)}\r\nretry-after: ${imf(-365 * 86_400_000 + SOON_MS)}\r\n`,
    SOON_MS - 1_000,
    SOON_MS + SLACK_MS,
  ),
  waited('a date that has passed: a backoff', () => `retry-after: ${imf(-SOON_MS)}\r\n`, 200, SLACK_MS),
  ...['-5', '1e9', 'abc', ''].map(backsOff),
  ...['1000000000', 'Fri, 31 Dec 9999 23:59:59 GMT'].map(
    (value): ServerCase => ({
      case: 84,
      name: `Retry-After: ${value} is longer than anybody waits: the origin is given up`,
      serve: refusedWith(() => `retry-after: ${value}\r\n`),
      expect: { outcome: 'given-up', code: 'ORIGIN_ASKS_TOO_LONG', requests: 1 },
    }),
  ),
  {
    case: 85,
    name: '200 with an error page: the status is believed',
    serve: send(response('<h1>404 Not Found</h1>')),
    expect: { outcome: 'ok', status: 200, attempts: 1 },
  },
  {
    case: 86,
    name: '200 with an empty body: OK, and the record tells its length',
    serve: send(response('')),
    expect: { outcome: 'ok', status: 200, bytes: 0, complete: 'content-length' },
    body: '',
  },
];

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type H1Server, response, startScriptedServer } from '../support/h1-server.ts';
import { useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();

let server: H1Server;
/** Every byte that the server was sent. */
let received = '';

beforeEach(async () => {
  received = '';
  server = await startScriptedServer(async (connection) => {
    connection.socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    while ((await connection.request()) !== undefined) await connection.send(response('page'));
  });
});
afterEach(() => server.close());

/** Line heads of what was sent: request lines and header names. */
function heads(): readonly string[] {
  return received.split('\r\n').filter((line) => /^(?:injected|smuggled|GET \/smuggled)/i.test(line));
}

/** A character of Latin-1, which a value may hold; a name and a method may not. */
const NEXT_LINE = '\u0085';

const SEPARATORS: Readonly<Record<string, string>> = {
  CRLF: '\r\n',
  CR: '\r',
  LF: '\n',
  NUL: '\0',
  'CRLF that Latin-1 would make of other characters': '\u560d\u560a',
  'a line separator': '\u2028',
  'a next line': NEXT_LINE,
};

describe.each(Object.entries(SEPARATORS))('%s', (_name, separator) => {
  const poison = `x${separator}Injected: yes${separator}${separator}GET /smuggled HTTP/1.1${separator}Host: h`;

  test('in a request in JSON makes no header, and the line is told as no page', async () => {
    const url = `${server.origin}/json`;
    const lines = [
      { url, headers: { 'x-a': poison } },
      { url, headers: { [`x-a: b${separator}Injected`]: 'yes' } },
      { url, headers: { authorization: poison } },
      { url, headers: { cookie: poison } },
      { url, method: `GET /smuggled HTTP/1.1${separator}Injected: yes` },
    ];
    work.write('list.txt', [...lines.map((line) => JSON.stringify(line)), `${server.origin}/good`]);
    const { code } = await work.run(['list.txt', '-o', 'out.ndjson']);
    const outcomes = work.records('out.ndjson').map(({ outcome }) => outcome);
    const refused = outcomes.filter((outcome) => outcome === 'invalid').length;
    expect({ code, refused }).toEqual({ code: 1, refused: separator === NEXT_LINE ? 2 : 5 });
    expect(heads()).toEqual([]);
    expect(received).toContain('GET /good HTTP/1.1\r\n');
  });

  test('in a URL is told as no page or sent encoded, never raw', async () => {
    const places = [
      `${server.origin}/a${poison}`,
      `${server.origin}/?q=${poison}`,
      `http://me:${poison}@127.0.0.1:${server.port}/userinfo`,
      `http://127.0.0.1:${server.port}${separator}Injected: yes/host`,
    ];
    work.write('list.txt', [...places.map((url) => JSON.stringify({ url })), `${server.origin}/good`]);
    await work.run(['list.txt', '-o', 'out.ndjson', '--retry', '0']);
    expect(heads()).toEqual([]);
    const requestLines = received.split('\r\n').filter((line) => / HTTP\/1\.1$/.test(line));
    for (const line of requestLines) expect(line).toMatch(/^GET \/[!-~]* HTTP\/1\.1$/);
    expect(received).toContain('GET /good HTTP/1.1\r\n');
  });
});

test.each([
  ['-H', 'X-A: x\r\nInjected: yes'],
  ['-H', 'X-A: x\u560d\u560aInjected: yes'],
  ['-H', 'X-A\nInjected: yes'],
  ['-A', 'x\rInjected: yes'],
  ['-b', 'a=b\nInjected: yes'],
  ['-X', 'GET /smuggled HTTP/1.1\r\nInjected: yes\r\n\r\nGET'],
])('a line break in %s %j is refused with 2, and nothing is sent', async (option, value) => {
  const { code } = await work.run([`${server.origin}/`, '--format', 'none', option, value]);
  expect({ code, received }).toEqual({ code: 2, received: '' });
});

test('a line break in -u is a character of the password, in base64', async () => {
  const user = 'me:x\r\nInjected: yes';
  expect(await work.run([`${server.origin}/`, '--format', 'none', '-u', user])).toMatchObject({ code: 0 });
  expect(received).toContain(`authorization: Basic ${btoa(user)}\r\n`);
  expect(heads()).toEqual([]);
});

test('a file of headers (-H @file) is read a header a line, and a stray CR or NUL in one is refused', async () => {
  for (const text of ['X-A: a\rInjected: yes\n', 'X-A: a\0b\n']) {
    work.write('headers.txt', text);
    const { code, stderr } = await work.run([`${server.origin}/`, '-H', '@headers.txt', '--format', 'none']);
    expect({ code, received }, stderr).toEqual({ code: 2, received: '' });
  }
});

test('a body cannot become a second request: it goes with its length', async () => {
  const body = 'x\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n';
  expect(await work.run([`${server.origin}/`, '--json', body, '--format', 'none'])).toMatchObject({ code: 0 });
  expect(received).toContain(`content-length: ${Buffer.byteLength(body)}\r\n`);
});

test('headers of the connection cannot be given, by no option and no line', async () => {
  const names = [
    'Transfer-Encoding: chunked',
    'Content-Length: 3',
    'Host: h',
    'Connection: x',
    'Proxy-Authorization: x',
  ];
  for (const header of names.slice(-2)) {
    const { code } = await work.run([`${server.origin}/`, '-H', header, '--format', 'none']);
    expect([header, code]).toEqual([header, 2]);
  }
  const lines = names.map((header) => {
    const [name = '', value] = header.split(': ');
    return JSON.stringify({ url: `${server.origin}/`, headers: { [name]: value } });
  });
  work.write('list.txt', lines);
  await work.run(['list.txt', '-o', 'out.ndjson']);
  expect(work.records('out.ndjson').map(({ outcome }) => outcome)).toEqual(names.map(() => 'invalid'));
  expect(received).toBe('');
});

test('a Location with raw control characters is no second request either', async () => {
  const evil = await startScriptedServer(async (connection) => {
    while ((await connection.request()) !== undefined) {
      await connection.send(
        `HTTP/1.1 302 Found\r\nlocation: ${server.origin}/%0d%0aInjected:yes\tInjected: x\u0085y\r\ncontent-length: 0\r\n\r\n`,
      );
    }
  });
  await work.run([evil.origin, '-o', 'out.ndjson']);
  await evil.close();
  expect(received).toMatch(/^GET \/%0d%0aInjected:yes[!-~]* HTTP\/1\.1\r\n/i);
  expect(heads()).toEqual([]);
});

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type H1Server, startScriptedServer } from '../support/h1-server.ts';
import { recordsOf, useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();

/** What the display writes of its own: colours, and what a live view is drawn with. */
const OWN_SEQUENCES = /\u001b\[(?:\d+(?:;\d+)*m|\?25[lh]|\?7[lh]|\?2026[lh]|[JK]|\d+A)/g;
/** C0 but line ends and the tab, DEL, C1; what turns the direction of text. */
const COMMANDS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
/** A window's title, the screen cleared, the clipboard, a link, C1's own CSI, and text turned around. */
const EVIL =
  '\u001b]0;owned\u0007\u001b[2J\u001b]52;c;b3duZWQ=\u0007\u001b]8;;http://evil/\u001b\\\u009b31m\u202e\u2066\u061c\r\b';
const EVIL_BYTES = Buffer.from(EVIL.replaceAll('\r', ''), 'utf8').toString('latin1');

/** Made with `openssl req -x509` and escape sequences in its subject and names; it is for no host, and protects nothing. */
const pem = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');
const EVIL_CERTIFICATE = { cert: pem('hostile-name.pem'), key: pem('hostile-name-key.pem') };

const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;

let server: H1Server;
let tls: H1Server;
let proxy: H1Server;
beforeEach(async () => {
  server = await startScriptedServer(async (connection) => {
    for (let request = await connection.request(); request !== undefined; request = await connection.request()) {
      const [, kind] = request.target.split('/');
      if (kind === 'status') await connection.send(`HTTP/1.1 404 ${EVIL_BYTES}\r\ncontent-length: 0\r\n\r\n`);
      else if (kind === 'obs') await connection.send('HTTP/1.1 404 \x9b2J\x9d0;x\x9c\r\ncontent-length: 0\r\n\r\n');
      else if (kind === 'location') {
        await connection.send(`HTTP/1.1 302 x\r\nlocation: /\xe2\x80\xae\xc2\x9b2J\r\ncontent-length: 0\r\n\r\n`);
      } else if (kind === 'body') {
        const body = Buffer.from(JSON.stringify({ text: EVIL, [EVIL]: [1] }));
        const type = 'content-type: application/json; x=\x9b2J\xe2\x80\xae\r\nx-note: \xc2\x9b2J\r\n';
        await connection.send(`HTTP/1.1 200 x\r\n${type}content-length: ${body.length}\r\n\r\n`);
        await connection.send(body);
      } else if (kind === 'text') {
        const body = Buffer.from(`text\u007f${EVIL}`);
        await connection.send(`HTTP/1.1 200 x\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n`);
        await connection.send(body);
      } else await connection.send(`HTTP/1.1 ${EVIL_BYTES}\r\n\r\n`);
    }
  });
  tls = await startScriptedServer(() => {}, EVIL_CERTIFICATE);
  proxy = await startScriptedServer(async (connection) => {
    await connection.request();
    await connection.send(`HTTP/1.1 502 ${EVIL_BYTES}\r\ncontent-length: 0\r\n\r\n`);
  });
  work.write('evil.pem', EVIL_CERTIFICATE.cert);
  work.write('list.txt', [
    ...['status', 'obs', 'location', 'body', 'text', 'garbage'].map((kind) => `${server.origin}/${kind}`),
    ...[tls.origin, `${tls.origin}/2`],
    `${server.origin}/status/${EVIL.replace('\r', '')}`,
    `nonsense ${EVIL.replace('\r', '')}`,
    JSON.stringify({ url: `${server.origin}/status/id`, id: EVIL, file: EVIL }),
    JSON.stringify({ url: EVIL, id: EVIL }),
    JSON.stringify({ url: server.origin, headers: { [EVIL]: EVIL } }),
    JSON.stringify({ url: server.origin, [EVIL]: 1 }),
    JSON.stringify({ url: `${server.origin}/status/id`, id: 'another id' }),
  ]);
});
afterEach(() => Promise.all([server, tls, proxy].map((one) => one.close())));

/** Both streams of a line of shell, on a terminal of 24 rows and 80 columns. */
async function onTerminal(line: string): Promise<string> {
  const env = { INSIDE: `stty rows 24 cols 80; ${line}` };
  const { stdout } = await work.shell('exec script -qec "$INSIDE" /dev/null', { env });
  return stdout;
}

function expectNoCommand(printed: string): void {
  const rest = printed.replaceAll(OWN_SEQUENCES, '');
  expect(COMMANDS.exec(rest)?.[0].codePointAt(0)?.toString(16), JSON.stringify(rest)).toBeUndefined();
}

const COMMON = '--retry 0 --cacert evil.pem --color always';

describe
  .skipIf(!hasScript)
  .each([
    ['--progress bar'],
    ['--progress lines -v'],
    ['--progress none'],
    ['--quiet'],
    ['--verbose --progress bar'],
    ['--dry-run'],
  ])('on a terminal, with %s', (options) => {
  test('nothing that a server, a certificate or a list says is a command to it', async () => {
    const printed = await onTerminal(`fetch-pages list.txt -o out/ ${COMMON} ${options} --failed failed.txt`);
    if (options !== '--dry-run') expect(printed).toContain('TLS_WRONG_HOST');
    expectNoCommand(printed);
  });
});

describe.skipIf(!hasScript)('on a terminal', () => {
  test('pages on standard output are JSON without a raw control character, and the same values', async () => {
    const line = `fetch-pages ${server.origin}/{body,text,location} -o - ${COMMON.replace('always', 'never')} 2>err.txt`;
    const printed = await onTerminal(line);
    expectNoCommand(printed);
    const records = recordsOf(printed.replaceAll('\r\n', '\n'));
    const bodies = records.filter(({ outcome }) => outcome === 'ok').map(({ body }) => body);
    expect(bodies).toEqual(expect.arrayContaining([{ text: EVIL, [EVIL]: [1] }, `text\u007f${EVIL}`]));
    // Elsewhere than on a terminal they come as they are.
    const { stdout } = await work.run([`${server.origin}/text`, '-o', '-']);
    expect(stdout).toContain('\u009b31m');
  });

  test.each([
    `fetch-pages "$EVIL" http://127.0.0.1:9/`,
    `fetch-pages -i "$EVIL"`,
    `fetch-pages "--$EVIL"`,
    `fetch-pages http://127.0.0.1:9/ --accept "$EVIL"`,
    `fetch-pages http://127.0.0.1:9/ -o "$EVIL.xyz"`,
    `fetch-pages http://127.0.0.1:9/ -H "$EVIL: x"`,
    `fetch-pages http://127.0.0.1:9/ -A "$EVIL"`,
    `fetch-pages http://127.0.0.1:9/ --cacert "$EVIL"`,
    `fetch-pages http://127.0.0.1:9/ -x "$EVIL://x"`,
    `fetch-pages http://127.0.0.1:9/ --retry 0 -o "$EVIL/x/"`,
  ])('%s tells it without them', async (line) => {
    work.write('evil.txt', EVIL);
    expectNoCommand(await onTerminal(`EVIL="$(cat evil.txt)"; ${line}`));
  });

  test('nor is what a proxy says', async () => {
    const argv = `https://pages.example/ -x http://127.0.0.1:${proxy.port} --retry 0 -o out/ -v`;
    const printed = await onTerminal(`fetch-pages ${argv}`);
    expect(printed).toContain('PROXY_');
    expectNoCommand(printed);
  });
});

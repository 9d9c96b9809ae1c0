import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/options.ts';
import { resolveConfig } from '../../src/cli/resolve-config.ts';
import { DEFAULTS } from '../../src/core/config.ts';
import { filesOf, refusal, resolved, SURROUNDINGS } from './command-line.ts';

describe('what is not said', () => {
  test('is what the defaults say', () => {
    const { config, ...rest } = resolved(['urls.txt']);
    expect(config).toEqual({
      request: {
        method: 'GET',
        userAgent: 'fetch-pages/1.2.3 (+https://home.example/)',
        headers: [],
        credentialsTo: [],
      },
      net: {
        connectTimeoutMs: DEFAULTS.connectTimeoutMs,
        responseTimeoutMs: DEFAULTS.responseTimeoutMs,
        stallTimeoutMs: DEFAULTS.stallTimeoutMs,
        maxBodyBytes: DEFAULTS.maxBodyBytes,
        perOrigin: DEFAULTS.perOrigin,
        concurrency: DEFAULTS.concurrency,
        http1Only: false,
        blockPrivate: false,
        insecure: false,
        resolve: [],
        noProxy: [],
      },
      pace: { concurrency: DEFAULTS.concurrency, perOrigin: DEFAULTS.perOrigin, adapt: true },
      retry: {
        retries: DEFAULTS.retries,
        statuses: DEFAULTS.retryOn,
        allMethods: false,
        patienceMs: DEFAULTS.patienceMs,
        maxWaitMs: DEFAULTS.maxWaitMs,
      },
      verdict: { failFast: false },
      maxRedirects: DEFAULTS.maxRedirects,
      restart: false,
      refresh: false,
    });
    expect(rest).toEqual({
      about: { version: '1.2.3', homepage: 'https://home.example/' },
      sources: [{ type: 'file', path: 'urls.txt' }],
      expand: 'arguments',
      store: { format: 'files', path: '/here/pages', place: 'pages/', outputGiven: false },
      dryRun: false,
      demo: false,
      display: { quiet: false, verbose: false, progress: 'auto', color: 'auto' },
      givenOptions: {},
      notices: [],
    });
  });
});

describe('what is said', () => {
  test.each([
    [['-c', '7'], { config: { pace: { concurrency: 7 }, net: { concurrency: 7 } } }],
    [['--per-origin', '700'], { config: { pace: { perOrigin: 700 }, net: { perOrigin: 700 } } }],
    [['--rate', '600/m'], { config: { pace: { ratePerSecond: 10 } } }],
    [['--limit-rate', '1M'], { config: { net: { limitBytesPerSecond: 2 ** 20 } } }],
    [['--no-adapt'], { config: { pace: { adapt: false } } }],
    [['--retry', '0'], { config: { retry: { retries: 0 } } }],
    [['--retry-on', '500-599'], { config: { retry: { statuses: [[500, 599]] } } }],
    [['--retry-all-methods'], { config: { retry: { allMethods: true } } }],
    [['--patience', '90'], { config: { retry: { patienceMs: 90_000 } } }],
    [['--max-wait', '0'], { config: { retry: { maxWaitMs: 0 } } }],
    [['--connect-timeout', '1'], { config: { net: { connectTimeoutMs: 1_000 } } }],
    [['--response-timeout', '1m'], { config: { net: { responseTimeoutMs: 60_000 } } }],
    [['--stall-timeout', '250ms'], { config: { net: { stallTimeoutMs: 250 } } }],
    [['-m', '2.5'], { config: { net: { maxTimeMs: 2_500 } } }],
    [['--deadline', '2000h'], { config: { deadlineMs: 7_200_000_000 } }],
    [['--max-filesize', '5k'], { config: { net: { maxBodyBytes: 5_120 } } }],
    [['-o', 'x.ndjson'], { config: { net: { maxBodyBytes: 16 * 2 ** 20 } } }],
    [['-o', 'x.ndjson', '--max-filesize', '1G'], { config: { net: { maxBodyBytes: 2 ** 30 } } }],
    [['--max-redirs', '0'], { config: { maxRedirects: 0 } }],
    [['-L'], { config: { maxRedirects: 10 } }],
    [
      ['--accept', '200,404'],
      {
        config: {
          verdict: {
            accept: [
              [200, 200],
              [404, 404],
            ],
          },
        },
      },
    ],
    [['--fail-fast'], { config: { verdict: { failFast: true } } }],
    [['--max-failures', '5%'], { config: { verdict: { maxFailures: { share: 0.05 } } } }],
    [['--max-failures', '5'], { config: { verdict: { maxFailures: { count: 5 } } } }],
    [['--shard', '2/8'], { config: { shard: { index: 2, count: 8 } } }],
    [['--restart'], { config: { restart: true } }],
    [['--block-private'], { config: { net: { blockPrivate: true } } }],
    [['-k'], { config: { net: { insecure: true } } }],
    [['--http1.1'], { config: { net: { http1Only: true } } }],
    [['--expand'], { expand: 'everywhere' }],
    [['-g'], { expand: 'nowhere' }],
    [['--dry-run'], { dryRun: true }],
    [['--failed', 'again.txt'], { failedFile: 'again.txt' }],
    [['--summary', '-'], { summary: '-' }],
    [['--summary', 's.json'], { summary: 's.json' }],
    [['-s'], { display: { quiet: true } }],
    [
      ['-v', '--progress', 'lines', '--color', 'never'],
      { display: { verbose: true, progress: 'lines', color: 'never' } },
    ],
  ])('%j', (argv, part) => expect(resolved([...argv, 'urls.txt'])).toMatchObject(part));

  test('the last one counts', () => {
    expect(resolved(['-c', 'x', '-c', '5', 'u']).config.pace.concurrency).toBe(5);
  });
});

describe('a wrong value', () => {
  test.each([
    [['--rate', 'fast'], '--rate: "fast" is not a rate; write it as 10/s, 600/m or 1000/h'],
    [['-c', '0'], '--concurrency: "0" is not a whole number of at least 1; write it in digits, such as 10'],
    [['-c', '--help'], '--concurrency: "--help" is not a whole number'],
    [['--per-origin', '1e3'], '--per-origin: "1e3" is not a whole number'],
    [['--retry', '-1'], '--retry: "-1" is not a whole number of at least 0'],
    [['--max-redirs', ''], '--max-redirs: "" is not a whole number'],
    [['--limit-rate', '0'], '--limit-rate: "0" is not a size; write it as 900, 64k, 10M or 1.5G'],
    [['--max-filesize', '1KB'], '--max-filesize: "1KB" is not a size'],
    [['-m', '0'], '--max-time: "0" is not a time; write it as 500ms, 30s, 10m or 1h, at least 1ms'],
    [['--patience', 'long'], '--patience: "long" is not a time'],
    [['--max-wait', '-1'], '--max-wait: "-1" is not a time; write it as 500ms, 30s, 10m or 1h'],
    [['--deadline', '0.0001'], '--deadline: "0.0001" is not a time'],
    [['--stall-timeout', '597h'], '--stall-timeout: "597h" is too long for a timeout; 596h is the longest'],
    [['--accept', '2xx'], '--accept: "2xx" is not a list of statuses; write it as 200,204,300-399'],
    [['--retry-on', ''], '--retry-on: "" is not a list of statuses'],
    [['--shard', '3/2'], '--shard: "3/2" is not a shard; write it as k/n with 1 <= k <= n, such as 2/8'],
    [['--max-failures', '0'], '--max-failures: "0" is not a limit'],
    [['--progress', 'dots'], '--progress: "dots" is not known; write auto, bar, lines or none'],
    [['--color', 'no'], '--color: "no" is not known; write auto, always or never'],
    [['--failed', '-'], '--failed: "-" is not a file; name one'],
    [['--summary', ''], '--summary: "" is not a file; name one, or - for stdout'],
    [[''], 'list: "" is not a list; name a file, a URL, or - for standard input'],
    [['-i', ''], 'list: "" is not a list'],
    [['--rate', '\u001b[31m\u202e\n'], '--rate: "\\u001b[31m\\u202e\\n" is not a rate'],
  ])('%j', (argv, message) => {
    const told = refusal([...argv, 'urls.txt']);
    expect(told).toContain(message);
    expect(told).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('what cannot be meant together', () => {
  test.each([
    [['--expand', '-g'], '--expand and --globoff cannot be given together'],
    [['-q', '-v'], '--quiet and --verbose cannot be given together'],
    [['--silent', '-v'], '--quiet and --verbose cannot be given together'],
    [['--summary', '-', '-o', '-'], '--summary - and --output - cannot be given together'],
    [['--demo'], '--demo brings its own pages; leave out lists and URLs'],
    [['-o', 'out.ndjson', '--failed', './out.ndjson'], '--failed and --output are the same file, "/here/out.ndjson"'],
    [['--failed', 'x', '--summary', '/here/x'], '--summary and --failed are the same file'],
    [['--summary', 'pages/manifest.ndjson'], "--summary and the store's manifest are the same file"],
    [['--summary', 'urls.txt'], '--summary would write over the list "urls.txt"'],
    [['-i', 'x.ndjson', '-o', 'x.ndjson'], '--output would write over the list "x.ndjson"'],
  ])('%j', (argv, message) => expect(refusal([...argv, 'urls.txt'])).toContain(message));

  test('a list may be where the next list of failures goes', () => {
    expect(resolved(['failed.txt', '--failed', 'failed.txt'])).toMatchObject({ failedFile: 'failed.txt' });
  });

  test('devices may be named twice', () => {
    expect(resolved(['u', '--failed', '/dev/null', '--summary', '/dev/null'])).toMatchObject({ summary: '/dev/null' });
  });
});

describe('sources', () => {
  test('operands as they stand, then -i', () => {
    expect(
      resolved(['-i', 'b.txt', 'a.txt', '-', 'HTTPS://Example.com/[1-3]', 'example.com', '-i', 'http://c']).sources,
    ).toEqual([
      { type: 'file', path: 'a.txt' },
      { type: 'stdin' },
      { type: 'url', text: 'HTTPS://Example.com/[1-3]' },
      { type: 'file', path: 'example.com' },
      { type: 'file', path: 'b.txt' },
      { type: 'file', path: 'http://c' },
    ]);
  });

  test('nothing named is standard input, unless that is a terminal', () => {
    expect(resolved(['-c', '5']).sources).toEqual([{ type: 'stdin' }]);
    const args = parseArguments(['-c', '5']);
    if (args.type !== 'run') throw new Error('not a run');
    const onTerminal = { ...SURROUNDINGS, stdinIsTerminal: true };
    expect(resolveConfig(args.typed, args.operands, onTerminal)).toEqual({ type: 'no-input' });
  });

  test('a wrong option on a terminal is told before the help', () => {
    expect(refusal(['-c', 'x'], { stdinIsTerminal: true })).toContain('--concurrency');
  });

  test('a terminal is read where it is named', () => {
    expect(resolved(['-'], { stdinIsTerminal: true }).sources).toEqual([{ type: 'stdin' }]);
  });

  test('the demo needs none and reads none', () => {
    expect(resolved(['--demo'], { stdinIsTerminal: true })).toMatchObject({ demo: true, sources: [] });
    expect(resolved(['--demo'], { stdinIsTerminal: false })).toMatchObject({ demo: true, sources: [] });
    expect(refusal(['--demo', '-i', 'x'])).toContain('--demo');
  });

  test.each([
    ['two operands', ['-', '-'], 'standard input can be read once, and the list - and the list - both want it'],
    ['operand and -i', ['-', '-i', '-'], 'the list - and --input-file - both want it'],
    ['list and body', ['-', '-d', '@-'], 'the list - and --data @- both want it'],
    ['list and headers', ['-', '-H', '@-'], 'the list - and --header @- both want it'],
    ['body and no list', ['-d', '@-'], 'there is no list: standard input went into the request'],
  ])('standard input is read once: %s', (_, argv, message) => {
    expect(refusal(argv, filesOf({ '-': 'x' }))).toContain(message);
  });
});

describe('notices', () => {
  const piped = { stdoutIsTerminal: false };
  test('a piped stdout is told where pages go', () => {
    expect(resolved(['u'], piped).notices).toEqual(['Pages go to pages/; -o - writes them to stdout.']);
  });
  test.each([['-o', 'x'], ['-o', '-'], ['--format', 'none'], ['--dry-run']])('not with %s %s', (...argv) => {
    expect(resolved([...argv, 'u'], piped).notices).toEqual([]);
  });
});

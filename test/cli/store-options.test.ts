import { describe, expect, test } from 'vitest';
import { refusal, resolved } from './command-line.ts';

describe('-o and --format', () => {
  test.each([
    [['-o', 'out'], { format: 'files', path: '/here/out', place: 'out/' }],
    [['-o', 'out/'], { format: 'files', path: '/here/out', place: 'out/' }],
    [['-o', 'out.d/'], { format: 'files', path: '/here/out.d', place: 'out.d/' }],
    [['-o', 'x.db/'], { format: 'files', path: '/here/x.db', place: 'x.db/' }],
    [['-o', '.'], { format: 'files', path: '/here', place: './' }],
    [['-o', '..'], { format: 'files', path: '/', place: '../' }],
    [['-o', '.hidden'], { format: 'files', path: '/here/.hidden', place: '.hidden/' }],
    [['-o', 'a.b/c'], { format: 'files', path: '/here/a.b/c', place: 'a.b/c/' }],
    [['-o', '/abs/x.ndjson'], { format: 'ndjson', path: '/abs/x.ndjson', place: '/abs/x.ndjson' }],
    [['-o', 'x.jsonl'], { format: 'ndjson', path: '/here/x.jsonl', place: 'x.jsonl' }],
    [['-o', 'X.NDJSON'], { format: 'ndjson', path: '/here/X.NDJSON', place: 'X.NDJSON' }],
    [['-o', '-'], { format: 'ndjson', place: 'stdout' }],
    [['-o', '-', '--format', 'ndjson'], { format: 'ndjson', place: 'stdout' }],
    [['-o', 'x.json', '--format', 'ndjson'], { format: 'ndjson', path: '/here/x.json', place: 'x.json' }],
    [['-o', 'x', '--format', 'ndjson'], { format: 'ndjson', path: '/here/x', place: 'x' }],
    [['-o', 'v1.2', '--format', 'files'], { format: 'files', path: '/here/v1.2', place: 'v1.2/' }],
    [['-o', 'x.ndjson', '--format', 'ndjson'], { format: 'ndjson', path: '/here/x.ndjson', place: 'x.ndjson' }],
    [['--format', 'files'], { format: 'files', path: '/here/pages', place: 'pages/' }],
    [['--format', 'ndjson'], { format: 'ndjson', path: '/here/pages.ndjson', place: 'pages.ndjson' }],
    [['--format', 'none'], { format: 'none', place: 'nowhere' }],
  ])('%j', (argv, store) => expect(resolved([...argv, 'u']).store).toEqual({ ...store, outputGiven: true }));

  const KEPT = 'this version keeps files, ndjson or none';
  test.each([
    [['-o', 'x.db'], KEPT],
    [['-o', 'x.sqlite'], KEPT],
    [['-o', 'x.warc'], KEPT],
    [['-o', 'x.WARC.gz'], KEPT],
    [['-o', 'x.db', '--format', 'files'], KEPT],
    [['--format', 'sqlite'], `--format: "sqlite" is not kept: ${KEPT}`],
    [['--format', 'warc'], KEPT],
    [['--format', 'csv'], '--format: "csv" is not known; write files, ndjson or none'],
    [
      ['-o', 'x.json'],
      '--output: "x.json" ends in ".json", which says nothing; a final / makes it a folder of files, --format ndjson one file',
    ],
    [['-o', 'x.ndjson.gz'], 'ends in ".gz"'],
    [['-o', 'x.ndjson', '--format', 'files'], '--format files and --output "x.ndjson" disagree'],
    [['-o', 'x/', '--format', 'ndjson'], '--format ndjson and --output "x/" disagree'],
    [['-o', '-', '--format', 'files'], '--format files and --output "-" disagree'],
    [['-o', 'x', '--format', 'none'], '--format none keeps nothing'],
    [['-o', ''], '--output: "" is not a path'],
    [['-o', 'a\0b'], '--output: "a\\u0000b" is not a path'],
  ])('%j is refused', (argv, message) => expect(refusal([...argv, 'u'])).toContain(message));
});

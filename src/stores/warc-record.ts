import { WARCRecord, WARCSerializer } from 'warcio';
import { ARCHIVE_FIELD, ARCHIVE_VERSION, SOFTWARE } from './warc-format.ts';

const VERSION = 'WARC/1.1';
const CONFORMS_TO = 'http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/';
const BREAKS = /[\r\n\0]+/g;

export type RecordType = 'response' | 'request' | 'revisit' | 'metadata';

/** Fields of a record in the order in which they are written; what is undefined is left out. */
export type WarcFields = Readonly<Record<string, string | undefined>>;

/** The head of a record and its id. */
export interface WrittenHead {
  readonly id: string;
  /** With the empty line at its end. */
  readonly head: Buffer;
}

/** @param blockBytes of what follows, its end not counted. */
export function recordHead(type: RecordType, fields: WarcFields, blockBytes: number): WrittenHead {
  const warcHeaders: Record<string, string> = { 'WARC-Type': type };
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) warcHeaders[name] = value.replace(BREAKS, ' ');
  }
  // Given, so that warcio leaves them where they stand.
  warcHeaders['Content-Length'] = String(blockBytes);
  const date = fields['WARC-Date'];
  const record = WARCRecord.create({
    type,
    warcVersion: VERSION,
    warcHeaders,
    ...(date === undefined ? undefined : { date }),
  });
  // The profile is warcio's for a revisit; the caller knows better.
  const profile = fields['WARC-Profile'];
  if (profile !== undefined) record.warcHeaders.headers.set('WARC-Profile', profile);
  return { id: record.warcHeader('WARC-Record-ID') ?? '', head: headText(record) };
}

/** The record that begins each run's part of an archive, whole: nothing in it is a secret. */
export async function warcInfo(
  filename: string,
  program: string,
  date: string,
): Promise<{ readonly id: string; readonly bytes: Uint8Array }> {
  const record = WARCRecord.createWARCInfo(
    { filename: filename.replace(BREAKS, ' '), date, warcVersion: VERSION, warcHeaders: { 'WARC-Type': 'warcinfo' } },
    {
      software: `${SOFTWARE}${program}`,
      format: 'WARC File Format 1.1',
      conformsTo: CONFORMS_TO,
      [ARCHIVE_FIELD]: String(ARCHIVE_VERSION),
    },
  );
  return { id: record.warcHeader('WARC-Record-ID') ?? '', bytes: await WARCSerializer.serialize(record) };
}

/**
 * Not by warcio's `toString`, which takes three commas in a value, such as in a URL, for the border between two values, and throws.
 */
function headText(record: WARCRecord): Buffer {
  let text = `${record.warcHeaders.statusline}\r\n`;
  record.warcHeaders.headers.forEach((value, name) => {
    text += `${name}: ${value}\r\n`;
  });
  return Buffer.from(`${text}\r\n`);
}

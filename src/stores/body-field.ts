import { isUtf8 } from 'node:buffer';
import type { Piece } from './piece-joiner.ts';

/** Larger text does not fit into a string of V8, which is what JSON is checked and escaped as. It is kept as base64. */
const MAX_TEXT_BYTES = 256 * 2 ** 20;
/** Of a body at a time; a multiple of 3, so that the pieces join. */
const BASE64_PIECE_BYTES = 3 * 2 ** 20;

const JSON_TYPE = /^(?:application|text)\/(?:x-)?json$|\+json$/;
const TEXT_TYPE =
  /^text\/|[/+]xml$|\+yaml$|^application\/(?:(?:x-)?(?:javascript|ecmascript|typescript|yaml|toml|sql|graphql|sh|csv|latex|tex|subrip|www-form-urlencoded)|(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines)|json-seq|x-mpegurl|vnd\.apple\.mpegurl|rtf|xml-dtd|n-triples|n-quads|trig|sparql-query)$|^image\/svg|^message\//;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;

/**
 * The last field of a page's line, in pieces: `"body":…` or `"bodyBase64":"…"`.
 *
 * - A body of a JSON type, or without a type, that is valid JSON stands as it came: its digits, its duplicate keys and its order are not
 *   touched. Raw line ends, which JSON has only between its tokens, become spaces.
 * - Other text, that is a type of text (or one of JSON whose body is none, or no type and no NUL) in valid UTF-8, is a string: its UTF-8 is the
 *   body, byte for byte, a BOM included. A charset of another name changes nothing in that.
 * - Everything else is base64.
 */
export function bodyField(chunks: readonly Buffer[], contentType: string | undefined): Piece[] {
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const type = mediaType(contentType);
  const isJson = type === '' || JSON_TYPE.test(type);
  const only = chunks.length === 1 ? chunks[0] : undefined;
  if ((isJson || TEXT_TYPE.test(type)) && bytes <= MAX_TEXT_BYTES) {
    const body = only ?? Buffer.concat(chunks);
    if (isUtf8(body)) {
      const text = body.toString('utf8');
      if (isJson && isValidJson(text)) return ['"body":', onOneLine(body)];
      if (type !== '' || !body.includes(0)) return ['"body":', JSON.stringify(text)];
    }
  }
  return ['"bodyBase64":"', ...base64(only ?? Buffer.concat(chunks)), '"'];
}

/** True for a type of text, one of JSON, and none at all: what a body must have to be kept as text where it is valid UTF-8. */
export function mayBeText(contentType: string | undefined): boolean {
  const type = mediaType(contentType);
  return type === '' || JSON_TYPE.test(type) || TEXT_TYPE.test(type);
}

function mediaType(contentType: string | undefined): string {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function isValidJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function onOneLine(json: Buffer): Buffer {
  if (!json.includes(NEWLINE) && !json.includes(RETURN)) return json;
  // A copy: the chunks are the caller's.
  const line = Buffer.from(json);
  for (const end of [NEWLINE, RETURN]) {
    for (let at = line.indexOf(end); at !== -1; at = line.indexOf(end, at + 1)) line[at] = SPACE;
  }
  return line;
}

function* base64(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += BASE64_PIECE_BYTES) {
    yield Buffer.from(body.toString('base64', at, at + BASE64_PIECE_BYTES), 'latin1');
  }
}

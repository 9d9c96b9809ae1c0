import { ERROR, type Fields, FRAME, frame, type H2Connection, headerBlock } from '../support/h2-server.ts';

/** What a server does with a stream. `nth` counts the streams of all its connections, from 1 on. */
export type StreamScript = (connection: H2Connection, stream: number, nth: number) => Promise<void> | void;

export const OK: Fields = [[':status', '200']];

/** What is served where nothing is wrong. */
export const PAGE = 'a whole page';

export const good: StreamScript = (c, s) => c.respond(s, PAGE);

/** Bad for the first `times` streams, and good from then on. */
export const atFirst =
  (times: number, bad: StreamScript): StreamScript =>
  (c, s, nth) =>
    nth <= times ? bad(c, s, nth) : good(c, s, nth);

/** A head, half a body, and then what ends it. */
export const midBody =
  (end: StreamScript, fields: Fields = []): StreamScript =>
  async (c, s, nth) => {
    await c.headers(s, [...OK, ...fields]);
    await c.data(s, PAGE.slice(0, 8));
    await end(c, s, nth);
  };

export const resetWith =
  (code: number): StreamScript =>
  (c, s) =>
    c.resetStream(s, code);

/** GOAWAY, then FIN. Without a last stream it is that of the stream in hand. */
export const goAway =
  (code: number, lastStream?: number): StreamScript =>
  async (c, s) => {
    await c.goaway(lastStream ?? s, code);
    c.end();
  };

/** So many copies of a frame in one write. */
export const flood = (c: H2Connection, count: number, one: Buffer): Promise<void> =>
  c.send(Buffer.concat(new Array<Buffer>(count).fill(one)));

/** A head of any size: HEADERS and, over 16 kB, CONTINUATION. */
export function headFrames(stream: number, fields: Fields): Buffer[] {
  const block = headerBlock(fields);
  const frames: Buffer[] = [];
  for (let at = 0; at < block.length; at += 16_384) {
    const isLast = at + 16_384 >= block.length;
    const type = at === 0 ? FRAME.headers : FRAME.continuation;
    frames.push(frame(type, isLast ? END_HEADERS : 0, stream, block.subarray(at, at + 16_384)));
  }
  return frames;
}

/** More fields than node:http2 takes in one head. */
export const manyFields = Array.from({ length: 200 }, (_, n) => [`x-field-${n}`, 'some value'] as const);

/** Enough for the longest deadline of a row, and sooner over where the client went away. */
export async function drip(c: H2Connection, everyMs: number, send: () => Promise<void>): Promise<void> {
  while (!c.socket.destroyed) {
    await send();
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

const END_HEADERS = 4;

export { ERROR, FRAME, frame };

import type { Readable } from 'node:stream';

/** A list broke in the middle. What was read of it stands. */
export class BrokenList extends Error {
  override readonly name = 'BrokenList';
}

/**
 * Yields what a stream has, as it comes, until it ends or `enough` says so; also what it had read before it broke, which a
 * `for await` over the stream would drop.
 *
 * @throws BrokenList where the stream fails or is closed before its end.
 */
export async function* drain(stream: Readable, enough: () => boolean = () => false): AsyncGenerator<Buffer> {
  let wake = (): void => {};
  const onEvent = (): void => wake();
  watchErrors(stream);
  for (const event of EVENTS) stream.on(event, onEvent);
  try {
    while (true) {
      const chunk: unknown = stream.read();
      if (chunk !== null) yield toBytes(chunk);
      else if (stream.errored) throw new BrokenList(stream.errored.message, { cause: stream.errored });
      else if (stream.readableEnded || enough()) return;
      else if (stream.destroyed) throw new BrokenList('it was closed before its end');
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    for (const event of EVENTS) stream.off(event, onEvent);
  }
}

/** `drain` is the writing side's: a transform has taken all that it was given. */
const EVENTS = ['readable', 'end', 'error', 'close', 'drain'] as const;

/** A stream may break before it is its turn, or tell its error late: it is read off the stream, and must not end the program. */
export function watchErrors(stream: Readable): void {
  if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
}

function ignore(): void {
  // What matters is `stream.errored`.
}

function toBytes(chunk: unknown): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk;
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return Buffer.from(String(chunk));
}

import { createSocket } from 'node:dgram';

const HEADER_BYTES = 12;
const TYPE_A = 1;
const NAME_ERROR = 3;
const TTL_S = 30;

/**
 * A name server on loopback: `*.slow.test` is 127.0.0.1, told after up to `slowestMs`; nothing else exists.
 *
 * @param slowness of one answer, from 0 to 1
 */
export function serveNames(address: string, slowestMs: number, slowness: () => number): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { address: to, port }) => {
    setTimeout(() => socket.send(answerTo(query), port, to), slowness() * slowestMs);
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(53, address, () => resolve());
  });
}

/** RFC 1035 §4.1, for one question. */
function answerTo(query: Buffer): Buffer {
  const { name, end } = questionOf(query);
  const type = query.readUInt16BE(end - 4);
  const exists = name.endsWith('.slow.test') && !name.startsWith('gone.');
  const header = Buffer.from(query.subarray(0, HEADER_BYTES));
  header.writeUInt16BE(0x8180 | (exists ? 0 : NAME_ERROR), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(exists && type === TYPE_A ? 1 : 0, 6);
  header.writeUInt32BE(0, 8);
  const question = query.subarray(HEADER_BYTES, end);
  if (!exists || type !== TYPE_A) return Buffer.concat([header, question]);
  const record = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, TTL_S, 0, 4, 127, 0, 0, 1]);
  return Buffer.concat([header, question, record]);
}

function questionOf(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5 };
}

import { createSocket, type RemoteInfo } from 'node:dgram';

/** What a name server says of a name: addresses, or a response code (RFC 1035 §4.1.1), or nothing at all. */
export type DnsReply =
  | {
      readonly v4?: readonly string[];
      readonly v6?: readonly string[];
      readonly ttlS?: number;
      readonly afterMs?: number;
    }
  | 'nxdomain'
  | 'servfail'
  | 'silence';

export interface DnsServer {
  readonly port: number;
  /** Names as they were asked for, with the type: `a.test A`. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

const RCODE = { nxdomain: 3, servfail: 2 } as const;
const TYPE = { A: 1, AAAA: 28 } as const;
const TTL_S = 1;

/** A name server on loopback (UDP) that does what it is told, name by name. `nth`: how often that name and type was asked for before; `kind`: A or AAAA. */
export async function startDnsServer(
  reply: (name: string, nth: number, kind: string) => DnsReply,
  port = 0,
): Promise<DnsServer> {
  const asked: string[] = [];
  const times = new Map<string, number>();
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => void answer(query, from));
  async function answer(query: Buffer, from: RemoteInfo): Promise<void> {
    const { name, type, questionEnd } = parseQuestion(query);
    const kind = type === TYPE.AAAA ? 'AAAA' : type === TYPE.A ? 'A' : String(type);
    const key = `${name} ${kind}`;
    const nth = times.get(key) ?? 0;
    times.set(key, nth + 1);
    asked.push(key);
    const said = reply(name, nth, kind);
    if (said === 'silence') return;
    if (typeof said === 'object' && said.afterMs !== undefined)
      await new Promise((resolve) => setTimeout(resolve, said.afterMs));
    const addresses =
      typeof said === 'string' ? [] : type === TYPE.A ? (said.v4 ?? []) : type === TYPE.AAAA ? (said.v6 ?? []) : [];
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | (typeof said === 'string' ? RCODE[said] : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(addresses.length, 6);
    const ttlS = typeof said === 'string' ? TTL_S : (said.ttlS ?? TTL_S);
    const records = addresses.map((address) => resourceRecord(type, address, ttlS));
    socket.send(
      Buffer.concat([header, query.subarray(12, questionEnd), ...records]),
      from.port,
      from.address,
      () => {},
    );
  }
  await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', resolve));
  return { port: socket.address().port, asked, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

function parseQuestion(query: Buffer): { name: string; type: number; questionEnd: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), questionEnd: at + 5 };
}

function resourceRecord(type: number, address: string, ttlS: number): Buffer {
  const data = type === TYPE.A ? Buffer.from(address.split('.').map(Number)) : v6Bytes(address);
  const fixed = Buffer.alloc(12);
  // A pointer to the question's name.
  fixed.writeUInt16BE(0xc00c, 0);
  fixed.writeUInt16BE(type, 2);
  fixed.writeUInt16BE(1, 4);
  fixed.writeUInt32BE(ttlS, 6);
  fixed.writeUInt16BE(data.length, 10);
  return Buffer.concat([fixed, data]);
}

function v6Bytes(address: string): Buffer {
  const [left = '', right = ''] = address.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const head = groups(left);
  const tail = groups(right);
  const all = [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

import { BlockList, isIP, isIPv6 } from 'node:net';

/** Not globally reachable by the IANA IPv4 Special-Purpose Address Registry, plus multicast and reserved space. */
const BLOCKED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** The same of the IPv6 registry. `::/96` holds `::`, `::1` and the abandoned IPv4-compatible addresses. */
const BLOCKED_V6 = [
  '::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

/** Where an IPv4 address is carried inside: the reach is that address's. Start of the 32 bits, in 16-bit groups. */
const EMBEDDING = [
  { prefix: [0x64, 0xff9b, 0, 0, 0, 0], at: 6 }, // NAT64, RFC 6052
  { prefix: [0x2002], at: 1 }, // 6to4, RFC 3056
  { prefix: [0, 0, 0, 0, 0, 0xffff], at: 6 }, // IPv4-mapped, RFC 4291
];

const blocked = new BlockList();
for (const [family, subnets] of [
  ['ipv4', BLOCKED_V4],
  ['ipv6', BLOCKED_V6],
] as const) {
  for (const subnet of subnets) {
    const [network = '', bits] = subnet.split('/');
    blocked.addSubnet(network, Number(bits), family);
  }
}

/** The eight 16-bit groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const plain = address.replace(/%.*$/, '').replace(/\d+\.\d+\.\d+\.\d+$/, (v4) => {
    const [a = 0, b = 0, c = 0, d = 0] = v4.split('.').map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [left = '', right] = plain.split('::');
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const head = parse(left);
  const tail = right === undefined ? [] : parse(right);
  return right === undefined ? head : [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function embeddedV4(address: string): string | undefined {
  const groups = groupsOf(address);
  for (const { prefix, at } of EMBEDDING) {
    if (!prefix.every((group, index) => groups[index] === group)) continue;
    const [high = 0, low = 0] = groups.slice(at, at + 2);
    return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
  }
  return undefined;
}

/**
 * True for an address that is private, loopback, link-local or otherwise not of the public internet (`--block-private`), also where it is
 * carried inside an IPv6 address. What is no IP address at all counts as private: the guard fails closed.
 */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return true;
  if (family === 4) return blocked.check(address, 'ipv4');
  const embedded = isIPv6(address) ? embeddedV4(address) : undefined;
  return embedded === undefined ? blocked.check(address.replace(/%.*$/, ''), 'ipv6') : blocked.check(embedded, 'ipv4');
}

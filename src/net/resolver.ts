import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { NetConfig } from '../core/config.ts';
import { isPrivateAddress } from './address-guard.ts';
import { ConnectFailure, connectFailure } from './connect-failure.ts';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Asks the system for every address of a name. */
export type LookUpAll = (host: string, callback: (error: Error | null, addresses: readonly Address[]) => void) => void;

const POSITIVE_TTL_MS = 60_000;
const NEGATIVE_TTL_MS = 3_000;
const MAX_CACHED_NAMES = 10_000;
/**
 * Look-ups that the system is given at once. getaddrinfo blocks a thread, and libuv lends it no more than half of them (libuv#1845): those
 * beyond wait here, where it is known that they wait. The command has 32 threads (`UV_THREADPOOL_SIZE`).
 */
const MAX_LOOK_UPS = 16;

interface Entry {
  readonly answer: Promise<readonly Address[]>;
  /** Infinity while the answer is awaited. */
  expiresAt: number;
  /** Undefined while it waits for others to end. */
  begunAt: number | undefined;
}

function address(text: string): Address {
  return { address: text, family: isIP(text) === 6 ? 6 : 4 };
}

const systemLookup: LookUpAll = (host, callback) => {
  lookup(host, { all: true, order: 'verbatim' }, (error, found) =>
    callback(
      error,
      (found ?? []).map((one) => address(one.address)),
    ),
  );
};

/** For `net.connect`, which wants to look up for itself: gives what was already resolved and checked, so that nothing changes in between. */
export function fixedLookup(addresses: readonly Address[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = addresses;
    if (options.all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family ?? 4);
  };
}

/**
 * Host names to addresses: --resolve first, then one look-up per name at a time, remembered for a minute (failures for three seconds).
 * Under --block-private every address of a name must be public, or none is used.
 */
export class Resolver {
  readonly #rules = new Map<string, readonly Address[]>();
  readonly #entries = new Map<string, Entry>();
  readonly #lookUpAll: LookUpAll;
  readonly #deadlineMs: number;
  readonly #blockPrivate: boolean;
  readonly #now: () => number;
  readonly #queue: (() => void)[] = [];
  #lookingUp = 0;

  constructor(
    config: Pick<NetConfig, 'resolve' | 'blockPrivate' | 'connectTimeoutMs'>,
    lookUpAll: LookUpAll = systemLookup,
    now: () => number = () => performance.now(),
  ) {
    this.#lookUpAll = lookUpAll;
    this.#deadlineMs = config.connectTimeoutMs;
    this.#blockPrivate = config.blockPrivate;
    this.#now = now;
    for (const rule of config.resolve) {
      this.#rules.set(`${rule.host.toLowerCase()}:${rule.port}`, rule.addresses.map(bareAddress).map(address));
    }
  }

  /** Rejects with a ConnectFailure only. `host` is a name or an IP address without brackets. */
  async resolve(host: string, port: number): Promise<readonly Address[]> {
    const addresses = await this.#addresses(host, port);
    if (this.#blockPrivate) {
      for (const one of addresses) {
        if (isPrivateAddress(one.address)) throw new ConnectFailure('BLOCKED_ADDRESS', `${host} is ${one.address}`);
      }
    }
    return addresses;
  }

  /** True where a name is not looked up yet because too many other look-ups are under way: that it takes long is not its host's fault. */
  isQueued(host: string): boolean {
    const entry = this.#entries.get(host);
    return entry !== undefined && entry.begunAt === undefined;
  }

  async #addresses(host: string, port: number): Promise<readonly Address[]> {
    const rule = this.#rules.get(`${host}:${port}`) ?? this.#rules.get(`*:${port}`);
    if (rule !== undefined) return rule;
    if (isIP(host) !== 0) return [address(host)];
    const now = this.#now();
    const known = this.#entries.get(host);
    // A look-up that hangs for longer than a connection may take is given up: those who come later ask anew.
    const hangs = known?.expiresAt === Number.POSITIVE_INFINITY && now - (known.begunAt ?? now) > this.#deadlineMs;
    if (known !== undefined && !hangs && now < known.expiresAt) return known.answer;
    return this.#ask(host);
  }

  #ask(host: string): Promise<readonly Address[]> {
    const { promise: answer, resolve, reject } = Promise.withResolvers<readonly Address[]>();
    const entry: Entry = { answer, expiresAt: Number.POSITIVE_INFINITY, begunAt: undefined };
    this.#queue.push(() => {
      entry.begunAt = this.#now();
      this.#lookUpAll(host, (error, addresses) => {
        this.#lookingUp -= 1;
        this.#beginNext();
        entry.expiresAt = this.#now() + (error === null && addresses.length > 0 ? POSITIVE_TTL_MS : NEGATIVE_TTL_MS);
        if (error !== null) reject(connectFailure(error));
        else if (addresses.length === 0) reject(new ConnectFailure('DNS_NOT_FOUND', `no address for ${host}`));
        else resolve(addresses);
      });
    });
    // Nobody may be waiting any more when it fails.
    answer.catch(() => {});
    this.#entries.delete(host);
    this.#entries.set(host, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MAX_CACHED_NAMES && oldest !== undefined) this.#entries.delete(oldest);
    this.#beginNext();
    return answer;
  }

  #beginNext(): void {
    if (this.#lookingUp >= MAX_LOOK_UPS) return;
    const begin = this.#queue.shift();
    if (begin === undefined) return;
    this.#lookingUp += 1;
    begin();
  }
}

function bareAddress(text: string): string {
  return text.replace(/^\[(.*)\]$/, '$1');
}

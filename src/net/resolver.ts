import { isIP, type LookupFunction } from 'node:net';
import type { NetConfig } from '../core/config.ts';
import { isPrivateAddress } from './address-guard.ts';
import { ConnectFailure, connectFailure } from './connect-failure.ts';
import { type DnsAnswer, DnsClient } from './dns-client.ts';
import { type Address, addressOf, type LookUpAll, systemLookup } from './system-lookup.ts';
import { Turns } from './turns.ts';

/** Who is asked for a name. */
export interface LookUps {
  readonly system: LookUpAll;
  /** Asked first, where it may be. */
  readonly dns?: Pick<DnsClient, 'mayAsk' | 'ask' | 'close'>;
}

/** getaddrinfo does not tell how long its answer holds. */
const SYSTEM_TTL_MS = 60_000;
const NEGATIVE_TTL_MS = 3_000;
const MAX_CACHED_NAMES = 10_000;
/**
 * Look-ups that the system is given at once. getaddrinfo blocks a thread, and libuv lends it no more than half of them (libuv#1845): those
 * beyond wait here, where it is known that they wait. The command has 32 threads (`UV_THREADPOOL_SIZE`).
 */
const MOST_OF_SYSTEM = 16;
/** Each is two questions, and dnsmasq for one takes 150 at a time. */
const MOST_OF_DNS = 64;

type Settle = (error: Error | null, answer: DnsAnswer) => void;

interface Entry {
  readonly answer: Promise<readonly Address[]>;
  /** Infinity while the answer is awaited. */
  expiresAt: number;
  /** Undefined while it waits for others to end. */
  begunAt: number | undefined;
}

/** For `net.connect`, which wants to look up for itself: gives what was already resolved and checked, so that nothing changes in between. */
export function fixedLookup(addresses: readonly Address[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = addresses;
    if (options.all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family ?? 4);
  };
}

/**
 * Host names to addresses: --resolve first, then one look-up per name at a time, remembered for as long as its answer holds (a minute where
 * that is not told; failures for three seconds). Under --block-private every address of a name must be public, or none is used.
 */
export class Resolver {
  readonly #rules = new Map<string, readonly Address[]>();
  readonly #entries = new Map<string, Entry>();
  readonly #lookUps: LookUps;
  readonly #deadlineMs: number;
  readonly #blockPrivate: boolean;
  readonly #now: () => number;
  readonly #turnsOfDns = new Turns(MOST_OF_DNS);
  readonly #turnsOfSystem = new Turns(MOST_OF_SYSTEM);
  #isClosed = false;

  constructor(
    config: Pick<NetConfig, 'resolve' | 'blockPrivate' | 'connectTimeoutMs'>,
    lookUps: LookUps = { system: systemLookup, dns: new DnsClient() },
    now: () => number = () => performance.now(),
  ) {
    this.#lookUps = lookUps;
    this.#deadlineMs = config.connectTimeoutMs;
    this.#blockPrivate = config.blockPrivate;
    this.#now = now;
    for (const rule of config.resolve) {
      this.#rules.set(`${rule.host.toLowerCase()}:${rule.port}`, rule.addresses.map(bareAddress).map(addressOf));
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

  /** Questions under way are ended, none is asked any more. */
  close(): void {
    this.#isClosed = true;
    this.#lookUps.dns?.close();
  }

  async #addresses(host: string, port: number): Promise<readonly Address[]> {
    const rule = this.#rules.get(`${host}:${port}`) ?? this.#rules.get(`*:${port}`);
    if (rule !== undefined) return rule;
    if (isIP(host) !== 0) return [addressOf(host)];
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
    const settle = (error: Error | null, { addresses, ttlMs }: DnsAnswer) => {
      entry.expiresAt = this.#now() + (error === null && addresses.length > 0 ? ttlMs : NEGATIVE_TTL_MS);
      if (error !== null) reject(connectFailure(error));
      else if (addresses.length === 0) reject(new ConnectFailure('DNS_NOT_FOUND', `no address for ${host}`));
      else resolve(addresses);
    };
    this.#lookUp(host, entry, settle);
    // Nobody may be waiting any more when it fails.
    answer.catch(() => {});
    this.#entries.delete(host);
    this.#entries.set(host, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MAX_CACHED_NAMES && oldest !== undefined) this.#entries.delete(oldest);
    return answer;
  }

  #lookUp(host: string, entry: Entry, settle: Settle): void {
    const { dns } = this.#lookUps;
    if (dns?.mayAsk(host) !== true) {
      this.#askSystem(host, entry, settle);
      return;
    }
    this.#turnsOfDns.take((done) => {
      entry.begunAt = this.#now();
      dns.ask(host, (answer) => {
        done();
        if (answer !== undefined) {
          settle(null, answer);
          return;
        }
        entry.begunAt = undefined;
        this.#askSystem(host, entry, settle);
      });
    });
  }

  #askSystem(host: string, entry: Entry, settle: Settle): void {
    if (this.#isClosed) {
      settle(new ConnectFailure('ABORTED', 'the run stops'), { addresses: [], ttlMs: 0 });
      return;
    }
    this.#turnsOfSystem.take((done) => {
      entry.begunAt = this.#now();
      this.#lookUps.system(host, (error, addresses) => {
        done();
        settle(error, { addresses, ttlMs: SYSTEM_TTL_MS });
      });
    });
  }
}

function bareAddress(text: string): string {
  return text.replace(/^\[(.*)\]$/, '$1');
}

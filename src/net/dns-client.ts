import { Resolver as NameServers } from 'node:dns';
import { hostname, networkInterfaces, platform } from 'node:os';
import { isAskedAsItIs, isDnsTheLast, type NameSources, readNameSources } from './name-sources.ts';
import { type Address, addressOf } from './system-lookup.ts';

/** Addresses of a name, none where it has none, and for how long they hold. */
export interface DnsAnswer {
  readonly addresses: readonly Address[];
  readonly ttlMs: number;
}

export interface DnsClientOptions {
  /** Name servers instead of the machine's, as `dns.setServers` takes them. */
  readonly servers?: readonly string[];
  readonly readSources?: () => NameSources;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

const FIRST_TIMEOUT_MS = 700;
const TRIES = 2;
/** After A has come, AAAA is waited for so long (RFC 8305 §3). */
const RESOLUTION_DELAY_MS = 50;
/** So long what the machine is set to is taken for what was read, and name servers that did not answer are left alone. */
const SETTINGS_TTL_MS = 60_000;
const MOST_UNANSWERED = 3;
const LEAST_TTL_MS = 1_000;
const MOST_TTL_MS = 3_600_000;

type Records = readonly { readonly address: string; readonly ttl: number }[];

/** What came of one question: undefined while it is under way, a code where there are no records. */
type Reply = Records | string | undefined;

/** There is no such name, or no address of that kind: the only failures that are answers. */
const NOTHING: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);
const UNANSWERED: ReadonlySet<unknown> = new Set(['ETIMEOUT', 'ECONNREFUSED']);

/**
 * Asks the name servers of this machine itself, where that says the same as the system's look-up (getaddrinfo): many questions at a time
 * without a thread for each, and with the time for which an answer holds. What it cannot answer is left to the system.
 *
 * On Linux alone: elsewhere, which name server a name goes to is not told in a file.
 */
export class DnsClient {
  readonly #options: DnsClientOptions;
  readonly #now: () => number;
  #servers: NameServers | undefined;
  #sources: NameSources | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #hasIpv6 = false;
  #unanswered = 0;
  #restUntil = Number.NEGATIVE_INFINITY;

  constructor(options: DnsClientOptions = {}) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The system would ask the DNS for this name as it is, and name servers have answered of late. `host` is in lower case. */
  mayAsk(host: string): boolean {
    const now = this.#now();
    if (platform() !== 'linux' || now < this.#restUntil) return false;
    if (this.#sources === undefined || now >= this.#readAt + SETTINGS_TTL_MS) this.#readSettings(now);
    return this.#sources !== undefined && isAskedAsItIs(this.#sources, host);
  }

  /** Calls back once: with undefined where the system has to be asked. */
  ask(host: string, callback: (answer: DnsAnswer | undefined) => void): void {
    const sources = this.#sources;
    const servers = this.#servers;
    if (sources === undefined || servers === undefined) {
      callback(undefined);
      return;
    }
    let v4: Reply;
    let v6: Reply;
    let delay: NodeJS.Timeout | undefined;
    let isDone = false;
    const settle = () => {
      if (isDone || (v4 === undefined && v6 === undefined)) return;
      if (v4 === undefined || v6 === undefined) {
        if (Array.isArray(v4)) delay ??= setTimeout(finish, RESOLUTION_DELAY_MS);
        return;
      }
      finish();
    };
    const finish = () => {
      clearTimeout(delay);
      isDone = true;
      callback(this.#answerOf(v4, v6, isDnsTheLast(sources, host)));
    };
    servers.resolve4(host, { ttl: true }, (error, records) => {
      v4 = this.#replyOf(error, records);
      settle();
    });
    servers.resolve6(host, { ttl: true }, (error, records) => {
      v6 = this.#replyOf(error, records);
      settle();
    });
  }

  /** Ends every question under way: each is left to the system. */
  close(): void {
    this.#restUntil = Number.POSITIVE_INFINITY;
    this.#servers?.cancel();
  }

  #readSettings(now: number): void {
    this.#readAt = now;
    this.#sources = (this.#options.readSources ?? (() => readNameSources(hostname())))();
    const servers = new NameServers({ timeout: FIRST_TIMEOUT_MS, tries: TRIES });
    if (this.#options.servers !== undefined) servers.setServers(this.#options.servers);
    this.#servers = servers;
    this.#hasIpv6 = Object.values(networkInterfaces()).some((own) =>
      own?.some(({ family, internal, scopeid }) => family === 'IPv6' && !internal && scopeid === 0),
    );
  }

  #replyOf(error: NodeJS.ErrnoException | null, records: Records): Reply {
    if (error === null) {
      this.#unanswered = 0;
      return records;
    }
    if (!UNANSWERED.has(error.code)) {
      this.#unanswered = 0;
    } else if (++this.#unanswered >= MOST_UNANSWERED) {
      this.#unanswered = 0;
      this.#restUntil = Math.max(this.#restUntil, this.#now() + SETTINGS_TTL_MS);
    }
    return error.code ?? 'UNKNOWN';
  }

  #answerOf(v4: Reply, v6: Reply, isTheLast: boolean): DnsAnswer | undefined {
    const known = [v6, v4].flatMap((reply) => (Array.isArray(reply) ? (reply as Records) : []));
    if (known.length === 0)
      return isTheLast && NOTHING.has(v4) && NOTHING.has(v6) ? { addresses: [], ttlMs: 0 } : undefined;
    const addresses = known.map(({ address }) => addressOf(address));
    // RFC 6724 puts those last that cannot be reached.
    if (!this.#hasIpv6) addresses.sort((one, other) => one.family - other.family);
    const ttlMs = Math.min(...known.map(({ ttl }) => ttl * 1_000));
    return { addresses, ttlMs: Math.min(Math.max(ttlMs, LEAST_TTL_MS), MOST_TTL_MS) };
  }
}

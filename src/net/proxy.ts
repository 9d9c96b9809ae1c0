import { BlockList, isIP } from 'node:net';
import type { NetConfig } from '../core/config.ts';
import { UsageError } from '../core/failure.ts';

export interface ProxyServer {
  readonly kind: 'http' | 'https' | 'socks5' | 'socks5h';
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  /** Value of Proxy-Authorization; http and https only. */
  readonly authorization?: string;
}

const KINDS: Readonly<Record<string, ProxyServer['kind']>> = {
  'http:': 'http',
  'https:': 'https',
  'socks5:': 'socks5',
  'socks5h:': 'socks5h',
  'socks:': 'socks5h',
};

/** As in curl: 1080, but 443 for a proxy that speaks TLS. */
function defaultPort(kind: ProxyServer['kind']): number {
  return kind === 'https' ? 443 : 1080;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Without a scheme it is an HTTP proxy, as in curl. @throws UsageError, which does not repeat the value: it may hold a password. */
export function parseProxy(text: string): ProxyServer {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  let url: URL;
  try {
    url = new URL(full);
  } catch {
    throw new UsageError('the proxy is not a URL such as http://proxy.example:3128 or socks5://127.0.0.1:1080');
  }
  const kind = Object.hasOwn(KINDS, url.protocol) ? KINDS[url.protocol] : undefined;
  if (kind === undefined || url.hostname === '') {
    throw new UsageError(`a proxy is http, https, socks5 or socks5h, not ${url.protocol.slice(0, -1)}`);
  }
  // URL drops a port that is the scheme's own, but a proxy's default is another: read it from the text.
  const explicit = /^[^/]*\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(full)?.[1];
  const port = explicit === undefined ? defaultPort(kind) : Number(explicit);
  const proxy: ProxyServer = { kind, host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port };
  if (url.username === '') return proxy;
  const username = decode(url.username);
  const password = decode(url.password);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return { ...proxy, username, password, authorization };
}

interface Exception {
  matches(host: string, port: string): boolean;
}

/** One entry of no_proxy: `*`, a name (with its subdomains, a leading dot or not), an address, a CIDR range; with a port or without. */
function parseException(entry: string): Exception {
  if (entry === '*') return { matches: () => true };
  const [, network = '', bits] = /^(.*)\/(\d{1,3})$/.exec(entry) ?? [];
  const family = isIP(network.replace(/^\[(.*)\]$/, '$1'));
  if (bits !== undefined && family !== 0 && Number(bits) <= (family === 4 ? 32 : 128)) {
    const range = new BlockList();
    range.addSubnet(network.replace(/^\[(.*)\]$/, '$1'), Number(bits), family === 4 ? 'ipv4' : 'ipv6');
    return { matches: (host) => isIP(host) !== 0 && range.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6') };
  }
  const [, bracketed, name, port] = /^(?:\[(.*)\]|((?:[^:]*|.*:.*:.*)))(?::(\d+))?$/.exec(entry) ?? [];
  const wanted = (bracketed ?? name ?? entry)
    .toLowerCase()
    .replace(/^\*?\./, '')
    .replace(/\.$/, '');
  return {
    matches: (host, hostPort) =>
      (port === undefined || port === hostPort) &&
      (host === wanted || (isIP(host) === 0 && host.endsWith(`.${wanted}`))),
  };
}

const MAX_REMEMBERED = 10_000;

/** Which proxy for which origin: --proxy for all, else http_proxy and https_proxy by the origin's scheme; none for what no_proxy names. */
export class ProxyChoice {
  readonly #byScheme: { readonly [scheme: string]: ProxyServer | undefined };
  readonly #exceptions: readonly Exception[];
  readonly #remembered = new Map<string, ProxyServer | undefined>();
  readonly none: boolean;

  constructor(config: Pick<NetConfig, 'proxy' | 'httpProxy' | 'httpsProxy' | 'noProxy'>) {
    const parse = (text: string | undefined) => (text === undefined || text === '' ? undefined : parseProxy(text));
    this.#byScheme = {
      'http:': parse(config.proxy ?? config.httpProxy),
      'https:': parse(config.proxy ?? config.httpsProxy),
    };
    this.#exceptions = config.noProxy.filter((entry) => entry !== '').map(parseException);
    this.none = this.#byScheme['http:'] === undefined && this.#byScheme['https:'] === undefined;
  }

  /** @param origin as `URL.origin` writes it */
  for(origin: string): ProxyServer | undefined {
    if (this.none) return undefined;
    if (this.#remembered.has(origin)) return this.#remembered.get(origin);
    const url = new URL(origin);
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    const excepted = this.#exceptions.some((exception) => exception.matches(host, port));
    const proxy = excepted ? undefined : this.#byScheme[url.protocol];
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(origin, proxy);
    return proxy;
  }
}

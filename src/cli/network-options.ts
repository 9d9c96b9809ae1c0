import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { DEFAULTS, type NetConfig, type ResolveRule } from '../core/config.ts';
import { UsageError } from '../core/failure.ts';
import type { TypedOptions } from './option-rows/all.ts';
import { sizeOf, timeoutOf } from './option-values.ts';
import type { OptionFiles, Surroundings } from './surroundings.ts';
import { wrongValue } from './wrong-value.ts';

type Environment = Surroundings['environment'];
type Proxies = Pick<NetConfig, 'proxy' | 'httpProxy' | 'httpsProxy' | 'noProxy'>;
type Tls = Pick<NetConfig, 'insecure' | 'ca' | 'cert' | 'key'>;

/** What the store and the pace decide of the client. */
export interface Ceilings {
  readonly concurrency: number;
  readonly perOrigin: number;
  /** Default of --max-filesize. */
  readonly maxBodyBytes: number;
}

/** TLS, proxies, addresses, timeouts and size limits. @throws UsageError */
export function resolveNet(typed: TypedOptions, files: OptionFiles, env: Environment, ceilings: Ceilings): NetConfig {
  const proxies = resolveProxies(typed, env);
  const blockPrivate = typed.blockPrivate === true;
  if (blockPrivate) refuseProxy(proxies);
  const maxTimeMs = timeoutOf(typed, 'maxTime');
  const limitBytesPerSecond = sizeOf(typed, 'limitRate');
  return {
    connectTimeoutMs: timeoutOf(typed, 'connectTimeout') ?? DEFAULTS.connectTimeoutMs,
    responseTimeoutMs: timeoutOf(typed, 'responseTimeout') ?? DEFAULTS.responseTimeoutMs,
    stallTimeoutMs: timeoutOf(typed, 'stallTimeout') ?? DEFAULTS.stallTimeoutMs,
    ...(maxTimeMs === undefined ? {} : { maxTimeMs }),
    maxBodyBytes: sizeOf(typed, 'maxFilesize') ?? ceilings.maxBodyBytes,
    ...(limitBytesPerSecond === undefined ? {} : { limitBytesPerSecond }),
    perOrigin: ceilings.perOrigin,
    concurrency: ceilings.concurrency,
    http1Only: typed.http1Only === true,
    blockPrivate,
    ...resolveTls(typed, files),
    resolve: resolveRules(typed.resolve ?? []),
    ...proxies,
  };
}

/**
 * --proxy, else the environment, where lower case wins and `HTTP_PROXY` is not read: a web server sets it from a request's Proxy
 * header ("httpoxy", CVE-2016-5385; curl does the same). `no_proxy` holds for --proxy too. `--proxy ''` means none at all.
 */
function resolveProxies(typed: TypedOptions, env: Environment): Proxies {
  const noProxy = (variable(env, 'no_proxy', 'NO_PROXY')?.value ?? '').split(/[\s,]+/).filter((host) => host !== '');
  if (typed.proxy !== undefined) {
    return typed.proxy === '' ? { noProxy } : { proxy: proxyUrl('--proxy', typed.proxy), noProxy };
  }
  const all = variable(env, 'all_proxy', 'ALL_PROXY');
  const http = variable(env, 'http_proxy') ?? all;
  const https = variable(env, 'https_proxy', 'HTTPS_PROXY') ?? all;
  return {
    ...(http === undefined ? {} : { httpProxy: proxyUrl(http.name, http.value) }),
    ...(https === undefined ? {} : { httpsProxy: proxyUrl(https.name, https.value) }),
    noProxy,
  };
}

function variable(env: Environment, ...names: readonly string[]): { name: string; value: string } | undefined {
  for (const name of names) {
    const value = env[name];
    if (value !== undefined && value !== '') return { name, value };
  }
  return undefined;
}

/** As in curl, socks5h has the proxy look names up, and socks5 looks them up here. */
const PROXY_SCHEMES = ['http:', 'https:', 'socks5:', 'socks5h:'];

/**
 * A proxy's URL as it was written (`URL` would drop a port 80, which is not a proxy's default); `host:port` alone is an http proxy. The
 * message leaves out who logs in there.
 */
function proxyUrl(source: string, text: string): string {
  const full = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || !PROXY_SCHEMES.includes(url.protocol) || url.host === '') {
    const shown = text.replace(/^([^/]*\/\/)?.*@/, '$1…@');
    throw wrongValue(
      source,
      shown,
      'is not a proxy; write it as http://host:port, https://host:port, socks5://host:port or socks5h://host:port',
    );
  }
  return full;
}

function refuseProxy(proxies: Proxies): void {
  if (proxies.proxy !== undefined) {
    throw new UsageError(
      '--block-private and --proxy cannot be given together: only the proxy knows the address it connects to',
    );
  }
  if (proxies.httpProxy !== undefined || proxies.httpsProxy !== undefined) {
    throw new UsageError(
      "--block-private and a proxy of the environment cannot be used together: only the proxy knows the address it connects to; --proxy '' uses none",
    );
  }
}

function resolveTls(typed: TypedOptions, files: OptionFiles): Tls {
  if (typed.key !== undefined && typed.cert === undefined) {
    throw new UsageError('--key needs --cert, the certificate that it belongs to');
  }
  const ca = pem(files, '--cacert', typed.cacert, 'CERTIFICATE');
  const cert = pem(files, '--cert', typed.cert, 'CERTIFICATE');
  const ownKey = pem(files, '--key', typed.key, 'PRIVATE KEY');
  if (cert !== undefined && ownKey === undefined && !cert.includes('PRIVATE KEY-----')) {
    throw new UsageError('--cert holds no private key; give it with --key');
  }
  const key = ownKey ?? cert;
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
  tryOut(tls);
  return { insecure: typed.insecure === true, ...tls };
}

function pem(files: OptionFiles, option: string, path: string | undefined, label: string): string | undefined {
  if (path === undefined) return undefined;
  const text = files.text(option, path);
  if (!text.includes(`${label}-----`)) {
    throw wrongValue(option, path, `holds no ${label.toLowerCase()} in PEM (-----BEGIN ${label}-----)`);
  }
  return text;
}

/** A wrong certificate or a key of another one is told now, not once a page. */
function tryOut(tls: Omit<Tls, 'insecure'>): void {
  // OpenSSL passes over what it cannot read among those to trust, and would then trust nobody.
  if (tls.ca !== undefined) refuseUnreadable('--cacert', tls.ca);
  if (tls.cert === undefined || tls.key === undefined) return;
  if (tls.key.includes('ENCRYPTED')) {
    throw new UsageError('--key: the key is encrypted; decrypt it first, as with openssl pkey -in KEY -out PLAIN');
  }
  try {
    createSecureContext({ cert: tls.cert, key: tls.key });
  } catch (error) {
    throw new UsageError(`--cert and --key: TLS does not take them: ${errorText(error)}`);
  }
}

function refuseUnreadable(option: string, text: string): void {
  const blocks = text.match(/-----BEGIN ([A-Z0-9 ]*CERTIFICATE)-----[\s\S]*?-----END \1-----/g) ?? [];
  if (blocks.length === 0) throw new UsageError(`${option}: a certificate in it does not end`);
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (error) {
      throw new UsageError(`${option}: certificate ${index + 1} in it cannot be read: ${errorText(error)}`);
    }
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Of two rules for one host and port the later counts. */
function resolveRules(words: readonly string[]): readonly ResolveRule[] {
  const rules = new Map<string, ResolveRule>();
  for (const word of words) {
    const rule = resolveRule(word);
    if (rule === undefined) {
      throw wrongValue(
        '--resolve',
        word,
        'is not host:port:address; write it as api.example.com:443:192.0.2.7 or host:443:[2001:db8::1]',
      );
    }
    rules.set(`${rule.host}:${rule.port}`, rule);
  }
  return [...rules.values()];
}

function resolveRule(word: string): ResolveRule | undefined {
  const match = /^(\[[^\]]*\]|[^:[\]]+):([1-9]\d{0,4}):(.+)$/.exec(word);
  const [, hostText = '', portText = '', addressText = ''] = match ?? [];
  const host = hostName(hostText);
  const port = Number(portText);
  const addresses = addressText.split(',').map((address) => address.replace(/^\[(.*)\]$/, '$1'));
  if (host === undefined || port > 65_535 || !addresses.every((address) => isIP(address) !== 0)) return undefined;
  return { host, port, addresses };
}

/** As `URL.hostname` writes it, an IPv6 address in brackets; `*` is any host, as in curl. */
function hostName(text: string): string | undefined {
  if (text === '*') return text;
  if (text === '' || /[/?#@\\\s*+]/.test(text)) return undefined;
  const url = `http://${text}/`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

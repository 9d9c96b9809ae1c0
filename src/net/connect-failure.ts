import { networkInterfaces } from 'node:os';
import { type Failure, type FailureCode, failure } from '../core/failure.ts';
import { cleanText } from './clean-text.ts';

/**
 * Why no connection came to be.
 *
 * Its code is its own: a connector that fails with `UND_ERR_SOCKET` or `UND_ERR_INFO` makes undici connect again in a tight loop, for ever.
 */
export class ConnectFailure extends Error {
  override readonly name = 'ConnectFailure';
  readonly code = 'FETCH_PAGES_CONNECT';
  readonly failure: Failure;

  constructor(code: FailureCode, detail: string, cause?: unknown) {
    super(cleanText(detail), { cause });
    this.failure = failure(code, this.message, cause);
  }
}

type CodeTable = Readonly<Record<string, FailureCode>>;

/** Of the machine: never the page's fault, whenever they come. */
const LOCAL_CODES: CodeTable = {
  EMFILE: 'LOCAL_RESOURCES',
  ENFILE: 'LOCAL_RESOURCES',
  ENOBUFS: 'LOCAL_RESOURCES',
  ENOMEM: 'LOCAL_RESOURCES',
  EAI_MEMORY: 'LOCAL_RESOURCES',
  EADDRNOTAVAIL: 'LOCAL_RESOURCES',
  ERR_MEMORY_ALLOCATION_FAILED: 'LOCAL_RESOURCES',
};

const CONNECT_CODES: CodeTable = {
  ...LOCAL_CODES,
  ENOTFOUND: 'DNS_NOT_FOUND',
  EAI_NODATA: 'DNS_NOT_FOUND',
  EAI_NONAME: 'DNS_NOT_FOUND',
  EAI_AGAIN: 'DNS_FAILED',
  EAI_FAIL: 'DNS_FAILED',
  ECONNREFUSED: 'CONNECT_REFUSED',
  ETIMEDOUT: 'CONNECT_TIMEOUT',
  UND_ERR_CONNECT_TIMEOUT: 'CONNECT_TIMEOUT',
  EHOSTUNREACH: 'UNREACHABLE',
  ENETUNREACH: 'UNREACHABLE',
  EHOSTDOWN: 'UNREACHABLE',
  ENETDOWN: 'UNREACHABLE',
  EAFNOSUPPORT: 'UNREACHABLE',
  EINVAL: 'UNREACHABLE',
  EACCES: 'UNREACHABLE',
  EPERM: 'UNREACHABLE',
  ECONNRESET: 'CONNECTION_RESET',
  ECONNABORTED: 'CONNECTION_RESET',
  EPIPE: 'CONNECTION_RESET',
};

/** OpenSSL's verification results, as `tls` names them. */
const TLS_CODES: CodeTable = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'TLS_UNTRUSTED',
  SELF_SIGNED_CERT_IN_CHAIN: 'TLS_UNTRUSTED',
  UNABLE_TO_GET_ISSUER_CERT: 'TLS_UNTRUSTED',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'TLS_UNTRUSTED',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'TLS_UNTRUSTED',
  CERT_SIGNATURE_FAILURE: 'TLS_UNTRUSTED',
  CERT_CHAIN_TOO_LONG: 'TLS_UNTRUSTED',
  CERT_REVOKED: 'TLS_UNTRUSTED',
  CERT_UNTRUSTED: 'TLS_UNTRUSTED',
  CERT_REJECTED: 'TLS_UNTRUSTED',
  INVALID_CA: 'TLS_UNTRUSTED',
  INVALID_PURPOSE: 'TLS_UNTRUSTED',
  PATH_LENGTH_EXCEEDED: 'TLS_UNTRUSTED',
  CERT_HAS_EXPIRED: 'TLS_EXPIRED',
  CERT_NOT_YET_VALID: 'TLS_EXPIRED',
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 'TLS_EXPIRED',
  ERROR_IN_CERT_NOT_AFTER_FIELD: 'TLS_EXPIRED',
  ERR_TLS_CERT_ALTNAME_INVALID: 'TLS_WRONG_HOST',
  HOSTNAME_MISMATCH: 'TLS_WRONG_HOST',
  // No protocol in common: the server may well speak what it was not offered, so HTTP/1.1 alone is tried next.
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'HTTP_1_1_REQUIRED',
  EPROTO: 'TLS_FAILED',
};

function lookUp(table: CodeTable, code: string): FailureCode | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** What TLS says with this error; undefined where it is not TLS that speaks. */
export function tlsCode(code: string | undefined): FailureCode | undefined {
  if (code === undefined) return undefined;
  return lookUp(TLS_CODES, code) ?? (/^ERR_(SSL|OSSL|TLS)_/.test(code) ? 'TLS_FAILED' : undefined);
}

/** What the machine says with this error; undefined where it is not short of anything. */
export function localCode(code: string | undefined): FailureCode | undefined {
  return code === undefined ? undefined : lookUp(LOCAL_CODES, code);
}

export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Of several addresses that all failed (RFC 8305), the failure that says most: ours, then a timeout, then a refusal, then the first. */
function mostTelling(errors: readonly unknown[]): unknown {
  const find = (wanted: (code: string) => boolean) => errors.find((error) => wanted(errorCode(error) ?? ''));
  return (
    errors.find((error) => Object.hasOwn(LOCAL_CODES, errorCode(error) ?? '') && !lacksIpv6(error)) ??
    find((code) => code === 'ETIMEDOUT') ??
    find((code) => code === 'ECONNREFUSED') ??
    errors[0]
  );
}

/**
 * EADDRNOTAVAIL means that every local port is in use, which passes; but also that there is no address of ours to connect from, which does
 * not: so where IPv6 is switched off, as in many containers.
 */
function lacksIpv6(error: unknown): boolean {
  const { code, address } = (error ?? {}) as { code?: unknown; address?: unknown };
  if (code !== 'EADDRNOTAVAIL' || typeof address !== 'string' || !address.includes(':')) return false;
  return !Object.values(networkInterfaces()).some((own) => own?.some(({ family }) => family === 'IPv6'));
}

/** From what DNS, TCP or TLS gave. What is unknown counts as a reset connection: transient. */
export function connectFailure(error: unknown): ConnectFailure {
  if (error instanceof ConnectFailure) return error;
  if (error instanceof AggregateError && error.errors.length > 0) {
    const part = connectFailure(mostTelling(error.errors));
    return new ConnectFailure(part.failure.code, part.message, error);
  }
  const code = errorCode(error);
  const unreachable = lacksIpv6(error) ? 'UNREACHABLE' : undefined;
  const known = code === undefined ? undefined : (unreachable ?? lookUp(CONNECT_CODES, code) ?? tlsCode(code));
  const dns = (error as { syscall?: unknown } | undefined)?.syscall === 'getaddrinfo';
  return new ConnectFailure(known ?? (dns ? 'DNS_FAILED' : 'CONNECTION_RESET'), wordsOf(error), error);
}

/** OpenSSL's reason alone, where there is one: its message goes on with addresses and source files. */
function wordsOf(error: unknown): string {
  const { reason } = (error ?? {}) as { reason?: unknown };
  if (typeof reason === 'string') return reason;
  return error instanceof Error ? error.message : String(error);
}

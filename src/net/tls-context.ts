import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { NetConfig } from '../core/config.ts';
import { UsageError } from '../core/failure.ts';

const MAX_SESSIONS = 500;

/** The newest sessions; resuming one saves most of the handshake's CPU. */
class SessionCache {
  readonly #sessions = new Map<string, Buffer>();

  get(key: string): Buffer | undefined {
    return this.#sessions.get(key);
  }

  set(key: string, session: Buffer): void {
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
  }

  /** A session that a handshake failed with is not tried again. */
  delete(key: string): void {
    this.#sessions.delete(key);
  }
}

/** What every TLS connection of one kind shares: trust (`--cacert` replaces the bundled roots, as in curl), the client certificate, sessions. */
export class TlsContext {
  readonly rejectUnauthorized: boolean;
  /** TLS sessions to resume, by host, port and protocols. */
  readonly sessions = new SessionCache();
  readonly #options: SecureContextOptions;
  #secureContext: SecureContext | undefined;

  constructor(options: SecureContextOptions, rejectUnauthorized: boolean) {
    this.#options = options;
    this.rejectUnauthorized = rejectUnauthorized;
  }

  /** Made when it is first asked for: to read the bundled roots takes 10 ms. */
  get secureContext(): SecureContext {
    this.#secureContext ??= createSecureContext(this.#options);
    return this.#secureContext;
  }
}

/** @throws UsageError where --cacert, --cert or --key cannot be used */
export function createTlsContext(
  { ca, cert, key, insecure }: Pick<NetConfig, 'ca' | 'cert' | 'key' | 'insecure'>,
  withCertificate: boolean,
): TlsContext {
  const identity = withCertificate && cert !== undefined ? { cert, key: key ?? cert } : undefined;
  const context = new TlsContext({ ...(ca === undefined ? undefined : { ca }), ...identity }, !insecure);
  try {
    // createSecureContext takes a CA that is none for no CA at all, and everything would be untrusted.
    if (ca !== undefined) new X509Certificate(ca);
    if (ca !== undefined || identity !== undefined) void context.secureContext;
  } catch (error) {
    const name = withCertificate ? '--cert or --key' : '--cacert';
    throw new UsageError(`${name} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
  return context;
}

import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { NetConfig } from '../core/config.ts';
import { UsageError } from '../core/failure.ts';

const MAX_SESSIONS = 500;

/** What every TLS connection of one kind shares: trust (`--cacert` replaces the bundled roots, as in curl), the client certificate, sessions. */
export interface TlsContext {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
  /** TLS sessions to resume, by host, port and protocols. */
  readonly sessions: SessionCache;
}

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

/** @throws UsageError where --cacert, --cert or --key cannot be used */
export function createTlsContext(
  config: Pick<NetConfig, 'ca' | 'cert' | 'key' | 'insecure'>,
  withCertificate: boolean,
): TlsContext {
  const identity =
    withCertificate && config.cert !== undefined ? { cert: config.cert, key: config.key ?? config.cert } : {};
  let secureContext: SecureContext;
  try {
    // createSecureContext takes a CA that is none for no CA at all, and everything would be untrusted.
    if (config.ca !== undefined) new X509Certificate(config.ca);
    secureContext = createSecureContext({ ...(config.ca === undefined ? {} : { ca: config.ca }), ...identity });
  } catch (error) {
    const name = withCertificate ? '--cert or --key' : '--cacert';
    throw new UsageError(`${name} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { secureContext, rejectUnauthorized: !config.insecure, sessions: new SessionCache() };
}

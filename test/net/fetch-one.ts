import { createHash } from 'node:crypto';
import type { NetConfig } from '../../src/core/config.ts';
import type { BodySink, Client, Exchange, Head, WireRequest } from '../../src/core/ports.ts';
import { createClient } from '../../src/net/client.ts';
import { CA } from '../support/certificates.ts';

/** Limits that a healthy exchange on a busy machine does not come near. */
export const TEST_CONFIG: NetConfig = {
  connectTimeoutMs: 10_000,
  responseTimeoutMs: 20_000,
  stallTimeoutMs: 20_000,
  maxBodyBytes: 8 * 1024 * 1024,
  perOrigin: 50,
  concurrency: 100,
  http1Only: false,
  blockPrivate: false,
  insecure: false,
  ca: CA,
  resolve: [],
  noProxy: [],
};

export function testClient(overrides: Partial<NetConfig> = {}): Client {
  return createClient({ ...TEST_CONFIG, ...overrides });
}

export function wireRequest(url: string, overrides: Partial<WireRequest> = {}): WireRequest {
  const parsed = new URL(url);
  return {
    url: parsed.href,
    origin: parsed.origin,
    method: 'GET',
    headers: {},
    http1Only: false,
    showCertificate: false,
    ...overrides,
  };
}

export interface Fetched {
  readonly exchange: Exchange;
  /** The failure's code, or how the answer is known to be whole: one word that a table can hold. */
  readonly outcome: string;
  readonly body: Buffer;
  readonly heads: readonly Head[];
}

/** One exchange with its body collected. */
export async function fetchOne(client: Client, url: string, overrides: Partial<WireRequest> = {}): Promise<Fetched> {
  const chunks: Buffer[] = [];
  const heads: Head[] = [];
  const sink: BodySink = { write: (chunk) => void chunks.push(Buffer.from(chunk)) };
  const exchange = await client.exchange(wireRequest(url, overrides), (head) => {
    heads.push(head);
    return sink;
  });
  return { exchange, outcome: outcomeOf(exchange), body: Buffer.concat(chunks), heads };
}

function outcomeOf(exchange: Exchange): string {
  return exchange.ok ? exchange.complete : exchange.failure.code;
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export interface BucketLimits {
  readonly tokensPerSecond: number;
  /** Most tokens that gather. */
  readonly burst: number;
}

/** What a bucket held at an instant, in milliseconds of any clock. */
export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

export function fullBucket(limits: BucketLimits, nowMs: number): Bucket {
  return { tokens: limits.burst, atMs: nowMs };
}

/** Takes a token for one request, if there is one. A request that gets none costs nothing. */
export function takeToken(bucket: Bucket, limits: BucketLimits, nowMs: number): { bucket: Bucket; taken: boolean } {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  const tokens = Math.min(limits.burst, bucket.tokens + (elapsedMs * limits.tokensPerSecond) / 1_000);
  // The bucket stays as it was: adding up ever smaller times would lose a token to rounding.
  if (tokens < 1) return { bucket, taken: false };
  return { bucket: { tokens: tokens - 1, atMs: Math.max(nowMs, bucket.atMs) }, taken: true };
}

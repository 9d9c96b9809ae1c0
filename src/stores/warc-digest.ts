import { createHash, type Hash, hash } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BITS = 5;

/**
 * A digest as WARC files carry it: `sha1:` and base32 (WARC 1.1 §5.8). SHA-1 because it is what Heritrix, wget and the indexes of replay tools
 * have; it only tells copies apart here, and each record's SHA-256 stands in its metadata.
 */
export function warcDigest(pieces: readonly Uint8Array[]): string {
  const only = pieces.length === 1 ? pieces[0] : undefined;
  if (only !== undefined) return labelled(hash('sha1', only, 'buffer'));
  const sha1 = startDigest();
  for (const piece of pieces) sha1.update(piece);
  return endDigest(sha1);
}

export function startDigest(): Hash {
  return createHash('sha1');
}

export function endDigest(sha1: Hash): string {
  return labelled(sha1.digest());
}

/** 20 bytes are 32 characters, so there is never padding (RFC 4648 §6). */
function labelled(digest: Buffer): string {
  let text = 'sha1:';
  let held = 0;
  let bits = 0;
  for (const byte of digest) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= BITS) {
      bits -= BITS;
      text += ALPHABET[(held >>> bits) & 31];
    }
    held &= 0xff;
  }
  return text;
}

import { readFileSync } from 'node:fs';

/** The pairs in `tls/`. */
export type CertificateName = 'good' | 'wrong-host' | 'client' | 'expired' | 'not-yet-valid' | 'self-signed';

function pem(name: string): string {
  return readFileSync(new URL(`./tls/${name}.pem`, import.meta.url), 'utf8');
}

export function certificate(name: CertificateName): { cert: string; key: string } {
  return { cert: pem(name), key: pem(`${name}-key`) };
}

export const CA = pem('ca');

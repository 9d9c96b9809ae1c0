import { lookup } from 'node:dns';
import { isIP } from 'node:net';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Asks the system for every address of a name. */
export type LookUpAll = (host: string, callback: (error: Error | null, addresses: readonly Address[]) => void) => void;

export function addressOf(text: string): Address {
  return { address: text, family: isIP(text) === 6 ? 6 : 4 };
}

export const systemLookup: LookUpAll = (host, callback) => {
  lookup(host, { all: true, order: 'verbatim' }, (error, found) =>
    callback(
      error,
      (found ?? []).map((one) => addressOf(one.address)),
    ),
  );
};

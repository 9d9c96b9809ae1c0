import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation from growing any further: what is short-lived here is little at a time, and V8's own bound of three times
 * 32 MB would be half of all the memory that a run takes. `--max-semi-space-size` says the same, but only on Node's own command line;
 * the growth factor is read at each growth.
 */
export function boundYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

import type { PauseReason } from './event.ts';
import type { Failure } from './failure.ts';
import type { RateLimitHint } from './policy/rate-limit-headers.ts';

/** May this origin be asked now? */
export type Admission =
  | { readonly type: 'go' }
  /** As many as it bears are in flight: ask again when one has ended. */
  | { readonly type: 'full' }
  /** Not before `at` (monotonic milliseconds). */
  | { readonly type: 'wait'; readonly at: number }
  | { readonly type: 'given-up'; readonly failure: Failure };

/** A request that was let through. */
export interface Ticket {
  /** Requests of the origin that were started before it. */
  readonly number: number;
  readonly startedAt: number;
  readonly inFlightBefore: number;
  /** It went alone, to see whether the origin is back. */
  readonly probe: boolean;
  /** Its page was not tried before. */
  readonly fresh: boolean;
}

/** What an exchange showed of the origin. */
export type Sighting =
  /** Any answer that shows that the origin is well, a 404 too. */
  | { readonly type: 'good'; readonly headMs: number; readonly hint: RateLimitHint | undefined }
  /** It answered with a failure of its own: a status of --retry-on. */
  | { readonly type: 'unwell'; readonly status: number; readonly hint: RateLimitHint | undefined }
  /**
   * It wants to be asked less. `toldMs`: for how long; absent where it did not say. `pageAlone`: it refuses this page again and again
   * while others get through, so that nothing can be learned from it.
   */
  | { readonly type: 'refused'; readonly status: number; readonly pageAlone: boolean; readonly toldMs?: number }
  | { readonly type: 'failed'; readonly failure: Failure }
  /** Says nothing of it: we ended it, or ran out of something ourselves. */
  | { readonly type: 'nothing' };

export interface Pause {
  readonly reason: PauseReason;
  readonly until: number;
  readonly status?: number;
}

/** Told when the gate changes its mind. */
export interface GateListener {
  paused(pause: Pause): void;
  resumed(): void;
  learned(): void;
  /** `comeBackMs`: from now, where the origin told a time. */
  givenUp(failure: Failure, comeBackMs: number | undefined): void;
}

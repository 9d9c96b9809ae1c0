import { LIMITS, type PaceConfig, type RetryConfig } from './config.ts';
import type { Failure } from './failure.ts';
import { failure, failureClass } from './failure.ts';
import type { Admission, GateListener, Pause, Sighting, Ticket } from './origin-sighting.ts';
import { equalJitterMs } from './policy/backoff.ts';
import { ConcurrencyLimit } from './policy/concurrency.ts';
import { HttpChoice } from './policy/http-choice.ts';
import { OriginPace } from './policy/origin-pace.ts';
import type { RateLimitHint } from './policy/rate-limit-headers.ts';
import { StrayRefusals } from './policy/stray-refusals.ts';
import { ToldQuota } from './policy/told-quota.ts';
import { RefusedFlight } from './refused-flight.ts';

/**
 * One origin's gate: its permits, its pace, its pauses and its end. Everything that is sent to the origin, a redirect's hop included,
 * passes here. Knows no clock and no page: time comes in, decisions go out.
 */
export class OriginGate {
  readonly http = new HttpChoice();
  readonly #retry: RetryConfig;
  readonly #random: () => number;
  readonly #listener: GateListener;
  readonly #concurrency: ConcurrencyLimit;
  readonly #pace: OriginPace;
  readonly #isRateGiven: boolean;
  readonly #quota = new ToldQuota();
  readonly #inFlight = new Set<Ticket>();
  /** Requests so far. */
  #started = 0;
  #pause: Pause | undefined;
  /** Requests started when the last event of refusals or failures began: those belong to it. Counted, for times may be equal. */
  #ofLastEvent = 0;
  /** The wait is over, and nothing has shown yet whether the origin is back: one request at a time. */
  #probing = false;
  #probesInFlight = 0;
  /** Waits in a row after which the probe failed. */
  #failedProbes = 0;
  #behind = 0;
  /** Of what was in flight when it last refused, so many were not refused as well. */
  #takenBeside = 0;
  /** The last refusals were of the number in flight, as far as could be seen. */
  #isOfNumber = false;
  readonly #strays = new StrayRefusals();
  /** The last event of refusals, until it is over. */
  #refusals: RefusedFlight | undefined;
  /** When the wait of the last event was over, and the good answers until then. */
  #resumedAt: number | undefined;
  #goodAtResume = 0;
  #startedAtResume = 0;
  #lost: Failure | undefined;
  #answered = false;
  /** Failures of the origin's own in a row, with nothing good between. */
  #unwellInRow = 0;
  #good = 0;
  /** The start of the first request since the last good answer that brought nothing good; told waits, and times when it was not asked, taken out. */
  #silentSince: number | undefined;
  /** From then on it might have been asked: the last answer is in, and the last wait is over. */
  #askableFrom = Number.NEGATIVE_INFINITY;
  /** Told waits in a row that were obeyed, and after which it refused again. */
  #obeyedInVain = 0;
  /** Not before then is the origin sent more at once than it bore when it last minded their number. */
  #growFrom = Number.NEGATIVE_INFINITY;

  /** @param isBusy the process itself had hardly any time left lately */
  constructor(
    pace: PaceConfig,
    retry: RetryConfig,
    random: () => number,
    isBusy: () => boolean,
    listener: GateListener,
  ) {
    this.#retry = retry;
    this.#random = random;
    this.#listener = listener;
    this.#concurrency = new ConcurrencyLimit(Math.min(pace.perOrigin, pace.concurrency), pace.adapt, isBusy);
    this.#pace = new OriginPace(pace);
    this.#isRateGiven = pace.ratePerSecond !== undefined;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get concurrency(): number {
    return this.#concurrency.limit;
  }

  get isGivenUp(): boolean {
    return this.#lost !== undefined;
  }

  get pause(): Pause | undefined {
    return this.#pause;
  }

  /** Good answers so far. */
  get good(): number {
    return this.#good;
  }

  /** It answered before, and does not now. */
  get isDown(): boolean {
    return this.#answered && this.#unwellInRow > 0 && (this.#pause?.reason === 'down' || this.#probing);
  }

  /**
   * It is probed, and failed before: a page that has not been tried yet tells most. One page that alone is refused or fails would
   * otherwise be every probe, and nobody else would ever get through.
   */
  get wantsFreshPage(): boolean {
    return this.#probing && (this.#unwellInRow > 0 || this.#failedProbes > 0);
  }

  /** Learned requests per second; undefined where no limit was found. */
  learnedRate(now: number): number | undefined {
    return this.#pace.learnedRate(now);
  }

  /**
   * Nothing is known of it that a new gate would not soon know too. A host that never answered is such: a list may name any number of
   * dead ones. One that answered and was given up is not: it may have told a time.
   */
  isForgettable(now: number): boolean {
    return (
      this.#inFlight.size === 0 &&
      (this.#pause === undefined || this.#pause.until <= now) &&
      (this.#lost === undefined || !this.#answered) &&
      this.#pace.isForgettable(now) &&
      this.#quota.isOver(now)
    );
  }

  admit(now: number): Admission {
    if (this.#lost !== undefined) return { type: 'given-up', failure: this.#lost };
    if (this.#pause !== undefined) {
      if (now < this.#pause.until) return { type: 'wait', at: this.#pause.until };
      this.#pause = undefined;
      this.#probing = true;
    }
    if (this.#probing ? this.#probesInFlight > 0 : this.#inFlight.size >= this.#concurrency.limit) return FULL;
    // What is started while the first connection is being made would arrive with it, all at once.
    if (this.#isRateGiven && !this.#answered && this.#inFlight.size > 0) return FULL;
    const next = this.#pace.nextStart(now);
    if (next.isQuota) return this.#waitForQuota(next.at, now);
    if (next.at > now) return { type: 'wait', at: next.at };
    const opensAt = this.#quota.opensAt(now);
    if (opensAt > now) return this.#inFlight.size > 0 ? FULL : this.#waitForQuota(opensAt, now);
    return GO;
  }

  /** @param fresh the page was not tried before */
  start(now: number, fresh: boolean): Ticket {
    const inFlightBefore = this.#inFlight.size;
    // No page of its was due, or other origins held the permits: that is no silence.
    if (inFlightBefore === 0) this.#excuse(now - this.#askableFrom);
    const ticket: Ticket = { number: this.#started++, startedAt: now, inFlightBefore, probe: this.#probing, fresh };
    if (ticket.probe) this.#probesInFlight += 1;
    this.#concurrency.onStart(now, inFlightBefore);
    this.#pace.onStart(now);
    this.#quota.onStart();
    this.#inFlight.add(ticket);
    return ticket;
  }

  /** Streams that the server allows at once; undefined where it did not say. */
  heedMaxStreams(maxStreams: number | undefined): void {
    if (maxStreams !== undefined) this.#concurrency.heedMaxStreams(maxStreams);
  }

  /** @param behind pages that wait for the origin: whether a better rate is worth a refusal depends on them */
  settle(ticket: Ticket, now: number, sighting: Sighting, behind: number): void {
    this.#behind = behind;
    this.#inFlight.delete(ticket);
    this.#askableFrom = Math.max(this.#askableFrom, now);
    if (ticket.probe) this.#probesInFlight -= 1;
    switch (sighting.type) {
      case 'good':
        this.#onGood(ticket, now, sighting.headMs, sighting.hint);
        return;
      case 'refused':
        this.#answered = true;
        this.#onRefused(ticket, now, sighting);
        return;
      case 'unwell':
        this.#answered = true;
        // A 503 may well be this page's alone; where it is not, there are soon more of them.
        if (sighting.status === 503) this.#onCrowded(ticket, now, false);
        this.#onUnwellPage(ticket, now, failure('ORIGIN_SILENT', `it answers ${sighting.status}`));
        if (sighting.hint !== undefined) this.#heed(ticket, now, sighting.hint);
        return;
      case 'failed':
        this.#onFailed(ticket, now, sighting.failure);
        return;
      case 'nothing':
        return;
    }
  }

  /** A page used up its tries, or had none, on failures that are the host's: where nothing ever answered, nothing will. */
  onPageLost(cause: Failure): void {
    if (this.#answered || this.#lost !== undefined) return;
    const isHosts = failureClass(cause.code) === 'host';
    if (isHosts || (isHandshake(cause) && this.#unwellInRow >= UNWELL_HANDSHAKES)) {
      this.#giveUp(neverAnswered(cause), undefined);
    }
  }

  #onGood(ticket: Ticket, now: number, headMs: number, hint: RateLimitHint | undefined): void {
    this.#answered = true;
    this.#good += 1;
    this.#resumedAt ??= now;
    this.#strays.onGood(now);
    if (this.#refusals?.isOf(ticket) === true) this.#refusals.taken += 1;
    this.#silentSince = undefined;
    this.#obeyedInVain = 0;
    if (ticket.number >= this.#ofLastEvent) {
      this.#unwellInRow = 0;
      this.#failedProbes = 0;
      if (ticket.probe) this.#resume(ticket, now);
    }
    this.#pace.onGood(now, ticket.startedAt);
    const mayGrow = !this.#pace.isHoldingBack(now) && !this.#probing && now >= this.#growFrom;
    this.#concurrency.onGood(now, headMs, ticket.inFlightBefore, mayGrow);
    if (hint !== undefined) this.#heed(ticket, now, hint);
  }

  #resume(probe: Ticket, now: number): void {
    if (!this.#probing) return;
    this.#probing = false;
    const refusals = this.#refusals;
    this.#refusals = undefined;
    const attribution = refusals === undefined ? undefined : this.#strays.onEvent(refusals.event);
    if (refusals?.isStray === true && attribution?.isStray === true) {
      this.#pace.onStrayOver(now, probe.startedAt, refusals.at);
    } else {
      // Taken for a stray until the others came back.
      if (refusals?.isStray === true) {
        this.#takenBeside = 0;
        this.#pace.onRefusal(refusals.at, refusals.event.refused + refusals.event.taken);
      }
      this.#isOfNumber = this.#concurrency.onRefusalsOver(this.#takenBeside);
      this.#pace.onResume(now, probe.startedAt, this.#behind, this.#isOfNumber);
    }
    if (attribution?.bornePerSecond !== undefined) {
      this.#pace.loosen(now, attribution.bornePerSecond);
      this.#concurrency.loosen();
      this.#growFrom = now;
    }
    this.#resumedAt = now;
    this.#goodAtResume = this.#good;
    this.#startedAtResume = this.#started;
    this.#listener.resumed();
    if (this.learnedRate(now) !== undefined) this.#listener.learned();
  }

  /** Answers overtake each other: not counted in one may be what is in flight, and what was started after it and is back already. */
  #heed(ticket: Ticket, now: number, hint: RateLimitHint): void {
    let backAlready = this.#started - ticket.number - 1;
    for (const { number } of this.#inFlight) if (number > ticket.number) backAlready -= 1;
    this.#quota.heed(hint, this.#inFlight.size + backAlready, now);
  }

  #waitForQuota(until: number, now: number): Admission {
    this.#quota.forget();
    if (until - now > this.#retry.maxWaitMs) {
      return { type: 'given-up', failure: this.#giveUp(failure('ORIGIN_ASKS_TOO_LONG'), until - now) };
    }
    this.#excuse(until - now);
    this.#pauseFor({ reason: 'quota', until });
    return { type: 'wait', at: until };
  }

  #onRefused(ticket: Ticket, now: number, { status, toldMs, pageAlone }: Extract<Sighting, { type: 'refused' }>): void {
    if (this.#lost !== undefined) return;
    if (toldMs !== undefined && toldMs > this.#retry.maxWaitMs) {
      this.#giveUp(failure('ORIGIN_ASKS_TOO_LONG', `it answers ${status}`), toldMs);
      return;
    }
    this.#silentSince ??= ticket.startedAt;
    // One that was alone cannot have been one too many.
    const mayMindNumber = !pageAlone && this.#good > 0 && !ticket.probe && ticket.inFlightBefore > 0;
    if (ticket.number < this.#ofLastEvent) {
      this.#takenBeside -= 1;
      if (this.#refusals?.isOf(ticket) === true) this.#refusals.refused += 1;
      if (mayMindNumber) this.#concurrency.onRefusedToo(Math.max(1, ticket.inFlightBefore));
      this.#onRefusedAgain(now, status, toldMs);
      return;
    }
    const good = this.#good - this.#goodAtResume;
    const ms = Math.max(1, now - (this.#resumedAt ?? now));
    const perSecond = this.learnedRate(now) ?? ((this.#started - this.#startedAtResume) * 1000) / ms;
    const before = { good, perSecond, isProbing: this.#pace.isProbing(now) };
    const isStray = ticket.probe
      ? this.#refusals?.isStray === true && this.#failedProbes <= MOST_STRAY_PROBES
      : this.#strays.isStray(before);
    const backoffMs = equalJitterMs(this.#failedProbes, this.#random(), this.#refusalBaseMs(now), REFUSAL_CAP_MS);
    // Told to come back at once and refused again: the word is worth nothing, so the wait is ours. After a stray the probe is wait enough.
    const isOurs = toldMs === undefined || (toldMs === 0 && this.#failedProbes > 0);
    const waitMs = !isOurs ? toldMs : isStray ? 0 : backoffMs;
    if (ticket.probe || this.#good === 0) this.#failedProbes += 1;
    // Before anything was learned nothing can have been learned in vain.
    const isAfterLearning = isStray || this.#isOfNumber || this.learnedRate(now) !== undefined;
    if (!pageAlone && this.#resumedAt !== undefined && !ticket.probe && isAfterLearning) {
      this.#refusals = new RefusedFlight(ticket.number, this.#started, before, now, isStray);
    }
    if (!pageAlone && !isStray) {
      // Where it lets nothing through at all, not even one alone, it is not their number that it minds.
      const isOfNumber = mayMindNumber && this.#concurrency.onRefusal(now, Math.max(1, ticket.inFlightBefore));
      this.#takenBeside = isOfNumber ? this.#inFlight.size : 0;
      this.#pace.onRefusal(now, this.#inFlight.size);
      this.#growFrom = isOfNumber ? now + Math.max(SHORTEST_GROWTH_PAUSE_MS, waitMs * GROWTH_PAUSE_PER_WAIT) : now;
    }
    this.#ofLastEvent = this.#started;
    if (toldMs !== undefined) this.#excuseTold(ticket, toldMs);
    this.#pauseFor({ reason: toldMs === undefined ? 'refused' : 'retry-after', until: now + waitMs, status });
    this.#checkPatience(now, failure('ORIGIN_SILENT', `it answers ${status}`));
  }

  /** A time that was told is waited for; but a word that was obeyed so often in vain is no longer taken out of its silence. */
  #excuseTold(ticket: Ticket, toldMs: number): void {
    if (ticket.probe) this.#obeyedInVain += 1;
    if (this.#obeyedInVain <= LIMITS.refusalsOfOnePage) this.#excuse(toldMs);
  }

  #excuse(ms: number): void {
    if (this.#silentSince !== undefined && Number.isFinite(ms)) this.#silentSince += Math.max(0, ms);
  }

  /** Where nothing is told: of an origin whose rate is known, time for a few requests is enough. */
  #refusalBaseMs(now: number): number {
    const rate = this.learnedRate(now);
    return rate === undefined ? REFUSAL_BASE_MS : Math.max(REFUSAL_LEAST_MS, Math.min(REFUSAL_BASE_MS, 5_000 / rate));
  }

  /** One event, however many were in flight with it: it adds nothing but a longer told wait. */
  #onRefusedAgain(now: number, status: number, toldMs: number | undefined): void {
    if (toldMs === undefined || toldMs === 0) return;
    const pause = this.#pause;
    const until = now + toldMs;
    // Where the wait is over already, what comes late is a word of the origin's all the same.
    this.#excuse(until - (pause?.until ?? now));
    if (pause === undefined || until > pause.until + NEW_WAIT_MS) {
      this.#pauseFor({ reason: 'retry-after', until, status });
    } else if (until > pause.until) {
      this.#pause = { ...pause, until };
      this.#askableFrom = until;
    }
  }

  #onFailed(ticket: Ticket, now: number, cause: Failure): void {
    const why = failure('ORIGIN_SILENT', cause.message);
    const kind = failureClass(cause.code);
    if (cause.code === 'STREAM_REFUSED') {
      this.#onCrowded(ticket, now, true);
      // Beside others it says that they are too many; alone, that the origin is not well.
      if (ticket.inFlightBefore === 0) this.#onUnwellPage(ticket, now, why);
    } else if (isHandshake(cause)) {
      this.#onUnwell(ticket, now, UNWELL_HANDSHAKES, HARD_DOWN_CAP_MS, why);
    } else if (kind === 'host') {
      this.#concurrency.onOverload(now, ticket.startedAt);
      this.#onUnwell(ticket, now, this.#answered ? UNWELL_CONNECTS : 1, HARD_DOWN_CAP_MS, why);
      // As often as a page is tried: where nothing ever answered, nothing will.
      if (!this.#answered && this.#failedProbes > this.#retry.retries) this.#giveUp(neverAnswered(cause), undefined);
    } else if (kind === 'transient' || kind === 'shared-fate') {
      this.#concurrency.onOverload(now, ticket.startedAt);
      this.#onUnwellPage(ticket, now, why);
    } else if (kind === 'local') {
      // Not its failure, and nothing that can go on for ever.
      this.#silentSince ??= ticket.startedAt;
      this.#checkPatience(now, why);
    } else if (kind === 'permanent' && ticket.probe) {
      // The page's own end (too large, too many headers): the origin did answer.
      this.#resume(ticket, now);
    }
  }

  #onCrowded({ startedAt, inFlightBefore }: Ticket, now: number, isCertain: boolean): void {
    this.#concurrency.onCrowded(now, startedAt, inFlightBefore, this.#inFlight.size, isCertain);
  }

  /**
   * Failures are often quicker than answers: as many as are in flight at once may come first and mean nothing. And a page that failed
   * before may just fail again: when only such are left, the waits do not grow with each of them.
   */
  #onUnwellPage(ticket: Ticket, now: number, why: Failure): void {
    const threshold = Math.max(UNWELL_PAGES, this.#concurrency.limit, ticket.inFlightBefore + 1);
    this.#onUnwell(ticket, now, threshold, ticket.fresh ? SOFT_DOWN_CAP_MS : DOWN_BASE_MS, why);
  }

  /**
   * The origin, not a page, may be ill. After `threshold` such in a row it is asked one at a time, after growing waits. Only pages that
   * were not tried before count, so that a few broken documents, tried again and again, never slow their origin.
   */
  #onUnwell(ticket: Ticket, now: number, threshold: number, capMs: number, why: Failure): void {
    if (this.#lost !== undefined) return;
    this.#silentSince ??= ticket.startedAt;
    if (ticket.number < this.#ofLastEvent) return;
    if (ticket.fresh || ticket.probe || threshold < UNWELL_PAGES) this.#unwellInRow += 1;
    if (ticket.probe || this.#unwellInRow >= threshold) {
      const waitMs = this.#downWaitMs(now, capMs);
      this.#failedProbes += 1;
      this.#ofLastEvent = this.#started;
      this.#pauseFor({ reason: 'down', until: now + waitMs });
    }
    this.#checkPatience(now, why);
  }

  /** Ever longer; for an origin that has answered before never much more than a twentieth of the time that it has been down. */
  #downWaitMs(now: number, capMs: number): number {
    const downMs = this.#answered ? now - (this.#silentSince ?? now) : Number.POSITIVE_INFINITY;
    const mostMs = Math.min(capMs, Math.max(DOWN_FLOOR_MS, downMs * DOWN_SHARE));
    return equalJitterMs(this.#failedProbes, this.#random(), DOWN_BASE_MS, mostMs);
  }

  /** What comes late never shortens a wait: a probe's failure may follow a time that was told meanwhile. */
  #pauseFor(pause: Pause): void {
    this.#probing = false;
    if (this.#pause !== undefined && this.#pause.until >= pause.until) return;
    this.#pause = pause;
    this.#askableFrom = Math.max(this.#askableFrom, pause.until);
    this.#listener.paused(pause);
  }

  #checkPatience(now: number, why: Failure): void {
    if (this.#silentSince !== undefined && now - this.#silentSince > this.#retry.patienceMs)
      this.#giveUp(why, undefined);
  }

  #giveUp(why: Failure, comeBackMs: number | undefined): Failure {
    if (this.#lost !== undefined) return this.#lost;
    this.#lost = why;
    this.#pause = undefined;
    this.#listener.givenUp(this.#lost, comeBackMs);
    return this.#lost;
  }
}

const GO: Admission = { type: 'go' };
const FULL: Admission = { type: 'full' };
const REFUSAL_BASE_MS = 500;
const REFUSAL_CAP_MS = 60_000;
const REFUSAL_LEAST_MS = 50;
const DOWN_BASE_MS = 500;
const DOWN_FLOOR_MS = 2_000;
const DOWN_SHARE = 0.05;
/** Nobody answers at all: a probe costs nothing but time. */
const HARD_DOWN_CAP_MS = 30_000;
/** It answers, badly. */
const SOFT_DOWN_CAP_MS = 5_000;
/** In a row, with nothing good between them: pages that failed at their first try, failed connects, broken TLS handshakes. */
const UNWELL_PAGES = 10;
const UNWELL_CONNECTS = 3;
const UNWELL_HANDSHAKES = 3;
/** Probes in a row that strays may have hit. */
const MOST_STRAY_PROBES = 2;
/** Told waits of one burst differ by the time between their answers: so much more is worth telling. */
const NEW_WAIT_MS = 1_500;
/** A probe for more costs a told wait when it is refused: it is made when that is 1% of the time since the last refusal. */
const GROWTH_PAUSE_PER_WAIT = 100;
const SHORTEST_GROWTH_PAUSE_MS = 10_000;

function neverAnswered(cause: Failure): Failure {
  return failure('ORIGIN_UNREACHABLE', cause.message);
}

function isHandshake(cause: Failure): boolean {
  return cause.code.startsWith('TLS_');
}

import type { BodyBudget } from './body-budget.ts';
import type { CollectedBody } from './body-collector.ts';
import type { Config } from './config.ts';
import { DEFAULTS, hasStatus, type StatusSet } from './config.ts';
import type { Failure } from './failure.ts';
import { failure, failureClass } from './failure.ts';
import { type OriginQueue, waitingFor } from './frontier.ts';
import type { Sighting, Ticket } from './origin-sighting.ts';
import type { Ending, PageJob } from './page-job.ts';
import type { Credentials, HopHeaders } from './policy/credentials.ts';
import { parseRateLimit, type RateLimitHint } from './policy/rate-limit-headers.ts';
import { decideRedirect, isRedirect } from './policy/redirect.ts';
import { conditionFor } from './policy/refresh.ts';
import { isRefusal } from './policy/refusal.ts';
import { afterFailure, afterRefusal, afterStatus, type RetryDecision, type RetryFacts } from './policy/retry.ts';
import { parseRetryAfter } from './policy/retry-after.ts';
import type { Answer, Client, Clock, Exchange, Head, NoAnswer, StoreSession, WireRequest } from './ports.ts';
import { Reading, type ReadingOptions } from './reading.ts';
import type { Validators } from './record.ts';
import { trailStep } from './trail.ts';

/** What one exchange of a page came to. */
export type Step =
  | {
      readonly type: 'final';
      readonly exchange: Exchange;
      readonly ending: Ending;
      readonly body: CollectedBody | undefined;
    }
  /** On to another URL: the job is already set to it. */
  | { readonly type: 'hop'; readonly exchange: Answer; readonly from: string }
  | {
      readonly type: 'again';
      readonly exchange: Exchange;
      readonly decision: Extract<RetryDecision, { type: 'again' }>;
    };

export interface PageFetcherOptions {
  readonly client: Client;
  readonly config: Config;
  readonly clock: Clock;
  readonly random: () => number;
  readonly credentials: Credentials;
  readonly store: Pick<StoreSession, 'archives' | 'draft' | 'has' | 'validators'>;
  readonly budget: BodyBudget;
  /** Credentials or custom headers were held back from an origin that is not the first page's. */
  readonly onWithheld: (origin: string) => void;
}

/** One exchange of a page, and what follows from it. The caller holds the permit and has the gate's word. */
export class PageFetcher {
  readonly #options: PageFetcherOptions;
  readonly #reading: ReadingOptions;

  constructor(options: PageFetcherOptions) {
    const { store, budget } = options;
    this.#options = options;
    this.#reading = {
      budget,
      archives: store.archives === true,
      openDraft: store.draft?.bind(store),
      isWanted: (job, head) => this.#isWanted(job, head),
    };
  }

  /** @throws only what the store throws */
  async turn(job: PageJob, queue: OriginQueue, ticket: Ticket): Promise<Step> {
    const { client, clock, config, credentials } = this.#options;
    const { startedAt } = ticket;
    job.firstStartedAt ??= startedAt;
    if (job.atStartOfTry) {
      job.attempts += 1;
      job.atStartOfTry = false;
    }
    const shown = credentials.headersFor(job.page, job.origin, job.keepBody);
    if (shown.secret) job.carriedSecret = true;
    if (shown.withheld) this.#options.onWithheld(job.origin);

    const reading = new Reading(this.#reading, job);
    const request = this.#requestOf(job, shown, queue);
    let exchange: Exchange;
    try {
      if (config.refresh) await this.#learnStored(job);
      exchange = await client.exchange(this.#conditional(job, request), reading.onHead);
    } catch (error) {
      queue.gate.settle(ticket, clock.now(), { type: 'nothing' }, waitingFor(queue));
      await reading.discard();
      throw error;
    }
    const now = clock.now();
    job.inExchangesMs += now - startedAt;
    if (exchange.ok || exchange.sent) job.requests += 1;
    queue.gate.heedMaxStreams(exchange.maxStreams);
    queue.gate.settle(ticket, now, this.#sighting(exchange, job, queue), waitingFor(queue));
    if (!exchange.ok) {
      await reading.discard();
      return this.#afterFailure(job, queue, exchange, ticket);
    }
    queue.gate.http.onAnswer(exchange.head.httpVersion, job.disagreedWith === queue.origin);
    if (this.#reading.archives) {
      const startedWall = clock.wall() - (now - startedAt);
      job.trail.push(trailStep(request, exchange, startedWall, reading.glanced));
    }
    return this.#afterAnswer(job, queue, exchange, reading);
  }

  /** Its body is kept: the answer is the page's own, and accepted. */
  #isWanted({ page, condition }: PageJob, { status }: Head): boolean {
    const { config } = this.#options;
    if (status === 304 && condition !== undefined) return false;
    if (isRedirect(status) && config.maxRedirects > 0) return false;
    return isAccepted(config, page.method, status);
  }

  /** What the store holds of the page, before it is asked for again (--refresh). */
  async #learnStored(job: PageJob): Promise<void> {
    const { store } = this.#options;
    if (job.stored !== undefined || store.validators === undefined) return;
    job.stored = store.has(job.page) ? ((await store.validators(job.page)) ?? NOTHING_STORED) : NOTHING_STORED;
  }

  #conditional(job: PageJob, request: WireRequest): WireRequest {
    if (job.stored === undefined) return request;
    const { method, url, page } = job;
    job.condition = conditionFor({ method, url, headers: page.headers }, job.stored);
    return job.condition === undefined ? request : { ...request, headers: { ...request.headers, ...job.condition } };
  }

  #requestOf(job: PageJob, shown: HopHeaders, queue: OriginQueue): WireRequest {
    const request: WireRequest = {
      url: job.url,
      origin: job.origin,
      method: job.method,
      headers: shown.headers,
      http1Only: job.http1Only || queue.gate.http.http1Only,
      showCertificate: shown.showCertificate,
      isLast: waitingFor(queue) === 0,
    };
    const body = job.keepBody ? job.page.body : undefined;
    return body === undefined ? request : { ...request, body };
  }

  #sighting(exchange: Exchange, job: PageJob, { gate }: OriginQueue): Sighting {
    if (!exchange.ok) {
      return exchange.failure.code === 'ABORTED' ? { type: 'nothing' } : { type: 'failed', failure: exchange.failure };
    }
    const { config, clock } = this.#options;
    const { status, headers } = exchange.head;
    const hint = parseRateLimit(headers, clock.wall());
    if (isAccepted(config, job.page.method, status)) return { type: 'good', headMs: exchange.headMs, hint };
    if (isRefusal(status, headers, hint)) {
      const pageAlone = job.refusals >= REFUSALS_THAT_TEACH && gate.good > job.goodAtFirstRefusal;
      return { type: 'refused', status, pageAlone, ...told(exchange.head, hint, clock.wall()) };
    }
    if (hasStatus(config.retry.statuses, status)) return { type: 'unwell', status, hint };
    return { type: 'good', headMs: exchange.headMs, hint };
  }

  #afterFailure(job: PageJob, queue: OriginQueue, exchange: NoAnswer, ticket: Ticket): Step {
    if (failureClass(exchange.failure.code) === 'protocol') job.disagreedWith = queue.origin;
    const facts = { ...this.#facts(job, queue), wentAlone: ticket.inFlightBefore === 0 };
    const decision = afterFailure(exchange.failure.code, exchange.sent, facts);
    if (decision.type === 'again') return this.#again(job, exchange, decision);
    queue.gate.onPageLost(exchange.failure);
    return final(exchange, failedEnding(exchange.failure, exchange.head));
  }

  #afterAnswer(job: PageJob, queue: OriginQueue, exchange: Answer, reading: Reading): Step {
    const { config, clock } = this.#options;
    const { head } = exchange;
    const hop = isRedirect(head.status) ? this.#afterRedirect(job, exchange) : undefined;
    if (hop !== undefined) return hop;
    if (head.status === 304 && job.condition !== undefined) return final(exchange, { outcome: 'unchanged', head });
    if (isAccepted(config, job.page.method, head.status)) {
      const body = reading.finish();
      const ending = { outcome: 'ok', head, answer: exchange, sha256: body.sha256 } as const;
      return { type: 'final', exchange, ending, body };
    }
    const hint = parseRateLimit(head.headers, clock.wall());
    if (isRefusal(head.status, head.headers, hint)) return this.#afterRefusal(job, queue, exchange);
    if (hasStatus(config.retry.statuses, head.status)) {
      const decision = afterStatus(this.#facts(job, queue));
      if (decision.type === 'again') return this.#again(job, exchange, decision);
    }
    return final(exchange, notAccepted(exchange));
  }

  #afterRedirect(job: PageJob, exchange: Answer): Step | undefined {
    const { head } = exchange;
    const redirect = decideRedirect({
      status: head.status,
      locations: head.headers.location,
      url: job.url,
      method: job.method,
      followed: job.redirects.length,
      maxRedirects: this.#options.config.maxRedirects,
      carriedSecret: job.carriedSecret,
    });
    if (redirect.type === 'none') return undefined;
    if (redirect.type === 'stop') return final(exchange, failedEnding(redirect.failure, head));
    const from = job.url;
    job.follow(redirect.url, redirect.origin, redirect.method, redirect.keepBody, head.status);
    return { type: 'hop', exchange, from };
  }

  #afterRefusal(job: PageJob, queue: OriginQueue, exchange: Answer): Step {
    if (job.refusedBy !== queue.origin) {
      job.refusedBy = queue.origin;
      job.refusals = 0;
      job.goodAtFirstRefusal = queue.gate.good;
    }
    const decision = afterRefusal(this.#facts(job, queue), queue.gate.good > job.goodAtFirstRefusal);
    if (decision.type === 'again') return this.#again(job, exchange, decision);
    const { head } = exchange;
    return final(exchange, {
      outcome: 'failed',
      error: failure('THROTTLED', `it answers ${head.status}`),
      head,
    });
  }

  #again(job: PageJob, exchange: Exchange, decision: Extract<RetryDecision, { type: 'again' }>): Step {
    job.http1Only = decision.http1Only;
    // It is no step on the way that led to the page's end.
    if (exchange.ok) job.trail.pop();
    switch (decision.cost) {
      case 'try':
        job.atStartOfTry = true;
        job.beginAnew();
        break;
      case 'free':
        job.freeRepeats += 1;
        break;
      case 'shared-fate':
        job.sharedFates += 1;
        break;
      case 'refusal':
        job.refusals += 1;
        break;
      case 'none':
        break;
    }
    return { type: 'again', exchange, decision };
  }

  #facts(job: PageJob, queue: OriginQueue): RetryFacts {
    return {
      tries: job,
      method: job.method,
      config: this.#options.config.retry,
      random: this.#options.random(),
      originDown: queue.gate.isDown,
    };
  }
}

/** Asked for whatever the server has. */
const NOTHING_STORED: Validators = { url: '' };

/** A page that was refused so often while others got through is refused for itself: its origin's limit is another matter. */
const REFUSALS_THAT_TEACH = 2;

/** --accept; without it 200, and any 2xx for a method that is not GET or HEAD. */
function isAccepted(config: Config, method: string, status: number): boolean {
  const isRead = method === 'GET' || method === 'HEAD';
  const accepted: StatusSet = config.verdict.accept ?? (isRead ? DEFAULTS.acceptSafe : DEFAULTS.acceptUnsafe);
  return hasStatus(accepted, status);
}

/** How long the origin asks to be left alone: Retry-After before the reset of its limit (draft-ietf-httpapi-ratelimit-headers-11 §5). */
function told(head: Head, hint: RateLimitHint | undefined, nowWall: number): { readonly toldMs?: number } {
  const after = parseRetryAfter(head.headers['retry-after'], head.headers.date, nowWall);
  if (after.type === 'wait') return { toldMs: after.ms };
  if (hint?.remaining === 0 && hint.resetMs !== undefined && hint.resetMs > 0) return { toldMs: hint.resetMs };
  return {};
}

function final(exchange: Exchange, ending: Ending): Step {
  return { type: 'final', exchange, ending, body: undefined };
}

function failedEnding(why: Failure, head: Head | undefined): Ending {
  return {
    outcome: why.code === 'BLOCKED_ADDRESS' ? 'blocked' : 'error',
    error: { code: why.code, message: why.message },
    ...(head === undefined ? undefined : { head }),
  };
}

function notAccepted(answer: Answer): Ending {
  const { head } = answer;
  const error = { code: `HTTP_${head.status}` as const, message: `answered ${head.status}` };
  return { outcome: 'failed', error, head };
}

import type { BodyBudget } from './body-budget.ts';
import { BodyCollector, type CollectedBody, type OpenDraft } from './body-collector.ts';
import type { Page } from './page.ts';
import type { PageJob } from './page-job.ts';
import type { BodyGlance, BodySink, Head } from './ports.ts';

export interface ReadingOptions {
  /** Absent where the store keeps bodies in memory. */
  readonly openDraft?: ((page: Page) => ReturnType<OpenDraft>) | undefined;
  readonly budget: BodyBudget;
  /** The store archives what goes over the wire. */
  readonly archives: boolean;
  /** The answer is the page's own, and its body is kept. */
  readonly isWanted: (job: PageJob, head: Head) => boolean;
}

/** The body of one exchange: wanted where the answer is the page's own; of any other an archive gets the beginning. */
export class Reading {
  readonly #options: ReadingOptions;
  readonly #job: PageJob;
  #collector: BodyCollector | undefined;
  #glanced: Buffer[] | undefined;
  #sawEnd = false;

  constructor(options: ReadingOptions, job: PageJob) {
    this.#options = options;
    this.#job = job;
  }

  readonly onHead = (head: Head): BodySink | BodyGlance | undefined => {
    const { openDraft, budget, archives, isWanted } = this.#options;
    if (isWanted(this.#job, head)) {
      this.#collector = new BodyCollector({
        budget,
        openDraft: openDraft === undefined ? undefined : () => openDraft(this.#job.page),
        asItCame: archives,
      });
      return this.#collector;
    }
    if (!archives) return undefined;
    const glanced: Buffer[] = [];
    this.#glanced = glanced;
    return {
      glance: (chunk) => void glanced.push(chunk),
      onEnd: () => {
        this.#sawEnd = true;
      },
    };
  };

  /** What was seen of a body that is not the page's own. */
  get glanced(): { readonly body: readonly Buffer[]; readonly bodyCut: boolean } {
    return { body: this.#glanced ?? [], bodyCut: this.#collector === undefined && !this.#sawEnd };
  }

  finish(): CollectedBody {
    const { budget, archives } = this.#options;
    return (this.#collector ?? new BodyCollector({ budget, asItCame: archives })).finish();
  }

  async discard(): Promise<void> {
    await this.#collector?.discard();
  }
}

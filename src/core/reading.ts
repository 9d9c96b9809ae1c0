import type { BodyBudget } from './body-budget.ts';
import { BodyCollector, type CollectedBody, type OpenDraft } from './body-collector.ts';
import type { Page } from './page.ts';
import type { BodyGlance, BodySink, Head } from './ports.ts';

export interface ReadingOptions {
  /** Absent where the store keeps bodies in memory. */
  readonly openDraft?: ((page: Page) => ReturnType<OpenDraft>) | undefined;
  readonly budget: BodyBudget;
  /** The store archives what goes over the wire. */
  readonly archives: boolean;
  /** The answer is the page's own, and its body is kept. */
  readonly isWanted: (head: Head) => boolean;
}

/** The body of one exchange: wanted where the answer is the page's own; of any other an archive gets the beginning. */
export class Reading {
  readonly #options: ReadingOptions;
  readonly #page: Page;
  #collector: BodyCollector | undefined;
  readonly #glanced: Buffer[] = [];
  #sawEnd = false;

  constructor(options: ReadingOptions, page: Page) {
    this.#options = options;
    this.#page = page;
  }

  readonly onHead = (head: Head): BodySink | BodyGlance | undefined => {
    const { openDraft, budget, archives, isWanted } = this.#options;
    if (isWanted(head)) {
      this.#collector = new BodyCollector({
        budget,
        openDraft: openDraft === undefined ? undefined : () => openDraft(this.#page),
        asItCame: archives,
      });
      return this.#collector;
    }
    if (!archives) return undefined;
    return {
      glance: (chunk) => void this.#glanced.push(chunk),
      onEnd: () => {
        this.#sawEnd = true;
      },
    };
  };

  /** What was seen of a body that is not the page's own. */
  get glanced(): { readonly body: readonly Buffer[]; readonly bodyCut: boolean } {
    return { body: this.#glanced, bodyCut: this.#collector === undefined && !this.#sawEnd };
  }

  finish(): CollectedBody {
    const { budget, archives } = this.#options;
    return (this.#collector ?? new BodyCollector({ budget, asItCame: archives })).finish();
  }

  async discard(): Promise<void> {
    await this.#collector?.discard();
  }
}

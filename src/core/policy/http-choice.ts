import type { HttpVersion } from '../record.ts';

/** Pages in a row that only HTTP/1.1 brought: fewer may be one bad page, tried again, that took a whole session with it. */
const ENOUGH_IN_A_ROW = 3;

/**
 * Which HTTP an origin is to be spoken to with. One that offers HTTP/2 and does not bear it (HTTP_1_1_REQUIRED, more fields than HTTP/2 carries
 * here, frames that are none) is told by pages that failed over HTTP/2 and then came over HTTP/1.1: so that a thousand pages do not each pay for it.
 * A page that both ways fail for says nothing of its origin.
 */
export class HttpChoice {
  #savedInARow = 0;

  /** HTTP/2 is not offered to it any more. */
  get http1Only(): boolean {
    return this.#savedInARow >= ENOUGH_IN_A_ROW;
  }

  /** @param saved the page had failed over HTTP/2, with a failure of the class `protocol` */
  onAnswer(httpVersion: HttpVersion, saved: boolean): void {
    if (this.http1Only) return;
    if (httpVersion === '2') this.#savedInARow = 0;
    else if (saved) this.#savedInARow += 1;
  }
}

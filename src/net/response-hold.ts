/** What a response is paused and resumed with. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

/** Holds one response back for as long as the body's taker asks for it. */
export class ResponseHold {
  #response: Pausable | undefined;
  #isHeld = false;

  get isHeld(): boolean {
    return this.#isHeld;
  }

  begin(response: Pausable): void {
    this.#response = response;
  }

  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#response?.pause();
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#response?.resume();
  }

  /** No more bytes will come: nothing is resumed any more. */
  end(): void {
    this.#response = undefined;
  }
}

/** So many at a time; the others wait. */
export class Turns {
  readonly #most: number;
  readonly #waiting: ((done: () => void) => void)[] = [];
  #underWay = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** `begin` is called when it is its turn, and calls `done` once, at its end. */
  take(begin: (done: () => void) => void): void {
    this.#waiting.push(begin);
    this.#next();
  }

  #next(): void {
    if (this.#underWay >= this.#most) return;
    const begin = this.#waiting.shift();
    if (begin === undefined) return;
    this.#underWay += 1;
    begin(() => {
      this.#underWay -= 1;
      this.#next();
    });
  }
}

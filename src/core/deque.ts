/** Most queues are empty, and there are three an origin. */
const FIRST_PLACES = 4;

/** A queue with two ends in a ring that grows: no cost per item but its place. */
export class Deque<T> {
  /** Its length is 0 or a power of two. */
  #ring: (T | undefined)[] = [];
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  pushBack(item: T): void {
    this.#makeRoom();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = item;
    this.#size += 1;
  }

  pushFront(item: T): void {
    this.#makeRoom();
    this.#head = (this.#head - 1) & (this.#ring.length - 1);
    this.#ring[this.#head] = item;
    this.#size += 1;
  }

  popFront(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size -= 1;
    return item;
  }

  popBack(): T | undefined {
    if (this.#size === 0) return undefined;
    this.#size -= 1;
    const index = (this.#head + this.#size) & (this.#ring.length - 1);
    const item = this.#ring[index];
    this.#ring[index] = undefined;
    return item;
  }

  #makeRoom(): void {
    if (this.#size < this.#ring.length) return;
    const length = this.#ring.length;
    const ring: (T | undefined)[] = new Array(Math.max(FIRST_PLACES, length * 2));
    for (let i = 0; i < this.#size; i++) ring[i] = this.#ring[(this.#head + i) & (length - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}

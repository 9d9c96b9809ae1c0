/** Something that goes to one origin. */
interface Bound {
  readonly request: { readonly origin: string };
}

/** What is in flight, by origin: for each connection that is made or lost it is asked who of its origin waits, and thousands may be in flight. */
export class InFlight<Member extends Bound> implements Iterable<Member> {
  readonly #byOrigin = new Map<string, Set<Member>>();

  get isEmpty(): boolean {
    return this.#byOrigin.size === 0;
  }

  *[Symbol.iterator](): Generator<Member> {
    for (const members of this.#byOrigin.values()) yield* members;
  }

  add(member: Member): void {
    const { origin } = member.request;
    const members = this.#byOrigin.get(origin);
    if (members === undefined) this.#byOrigin.set(origin, new Set([member]));
    else members.add(member);
  }

  delete(member: Member): void {
    const { origin } = member.request;
    const members = this.#byOrigin.get(origin);
    if (members?.delete(member) === true && members.size === 0) this.#byOrigin.delete(origin);
  }

  /** In the order in which they began. */
  to(origin: string): ReadonlySet<Member> {
    return this.#byOrigin.get(origin) ?? NOBODY;
  }
}

const NOBODY: ReadonlySet<never> = new Set();

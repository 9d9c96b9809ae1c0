import type { DatabaseSync } from 'node:sqlite';
import type { Verdict } from '../core/event.ts';
import type { StoreOptions } from '../core/ports.ts';

/** This run's row of the table `runs`. A run that was killed has no end in it. */
export class SqliteRun {
  readonly #database: DatabaseSync;
  readonly #id: number | bigint;
  readonly #startedAt = new Date().toISOString();

  /** Writes the row. */
  constructor(database: DatabaseSync, run: StoreOptions['run']) {
    this.#database = database;
    const options = run === undefined ? null : JSON.stringify(run.options);
    this.#id = database
      .prepare('INSERT INTO runs (version, startedAt, options) VALUES (?, ?, ?)')
      .run(run?.version ?? null, this.#startedAt, options).lastInsertRowid;
  }

  /** Within a transaction. Lines that are no pages are of the last run that read its lists to the end: this one met all that there still are. */
  end(verdict: Verdict): void {
    if (verdict.listRead) this.#database.prepare('DELETE FROM invalid WHERE fetchedAt < ?').run(this.#startedAt);
    this.#database
      .prepare('UPDATE runs SET endedAt = ?, pages = ?, ok = ?, stopped = ?, verdict = ? WHERE id = ?')
      .run(
        new Date().toISOString(),
        verdict.pages,
        verdict.ok,
        verdict.stopped ?? null,
        JSON.stringify(verdict),
        this.#id,
      );
  }
}

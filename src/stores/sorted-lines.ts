import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';

const DEFAULT_RUN_BYTES = 32 * 2 ** 20;
const READ_BYTES = 256 * 1024;
const WRITE_LINES = 4_096;

/**
 * Sorts any number of lines in bounded memory: runs of them are sorted and put into files beside the target, and merged in the end. Lines are
 * in the order of their bytes where they are ASCII, as the index of an archive is.
 */
export class SortedLines {
  readonly #target: string;
  readonly #runBytes: number;
  readonly #runs: string[] = [];
  #lines: string[] = [];
  #bytes = 0;

  constructor(target: string, runBytes = DEFAULT_RUN_BYTES) {
    this.#target = target;
    this.#runBytes = runBytes;
  }

  /** @param line without its newline */
  add(line: string): void {
    this.#lines.push(line);
    this.#bytes += line.length + 1;
    if (this.#bytes >= this.#runBytes) this.#flush();
  }

  /** Writes all lines to the target, which is there whole or as it was before. */
  async finish(): Promise<void> {
    const whole = `${this.#target}.tmp`;
    try {
      this.#flush();
      const fd = openSync(whole, 'w');
      try {
        for (const lines of batches(merged(this.#runs))) writeSync(fd, lines);
      } finally {
        closeSync(fd);
      }
      await rename(whole, this.#target);
    } finally {
      for (const path of [whole, ...this.#runs]) await rm(path, { force: true });
    }
  }

  /** At once: whoever adds lines does not wait. */
  #flush(): void {
    if (this.#lines.length === 0) return;
    const path = `${this.#target}.tmp-${this.#runs.length + 1}`;
    this.#runs.push(path);
    const fd = openSync(path, 'w');
    try {
      for (const lines of batches(this.#lines.sort())) writeSync(fd, lines);
    } finally {
      closeSync(fd);
    }
    this.#lines = [];
    this.#bytes = 0;
  }
}

/** Takes the smallest of the runs' next lines. There is a run for every 32 MB, so looking at each is nothing. */
function* merged(runs: readonly string[]): Generator<string> {
  const readers = runs.map((path) => linesOf(path));
  const next = readers.map((reader) => reader.next().value);
  for (;;) {
    let least = -1;
    for (const [index, line] of next.entries()) {
      if (line !== undefined && (least === -1 || line < (next[least] ?? ''))) least = index;
    }
    const line = next[least];
    if (line === undefined) return;
    yield line;
    next[least] = readers[least]?.next().value;
  }
}

function* linesOf(path: string): Generator<string, undefined> {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let rest = '';
    for (let bytes = readSync(fd, buffer); bytes > 0; bytes = readSync(fd, buffer)) {
      const lines = (rest + buffer.toString('latin1', 0, bytes)).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } finally {
    closeSync(fd);
  }
  return undefined;
}

function* batches(lines: Iterable<string>): Generator<Buffer> {
  let batch: string[] = [];
  for (const line of lines) {
    batch.push(line);
    if (batch.length < WRITE_LINES) continue;
    yield Buffer.from(`${batch.join('\n')}\n`, 'latin1');
    batch = [];
  }
  if (batch.length > 0) yield Buffer.from(`${batch.join('\n')}\n`, 'latin1');
}

import type { RunEvent, Verdict } from './event.ts';
import type { Failure } from './failure.ts';
import type { Page } from './page.ts';
import type { Completeness, HttpVersion, PageRecord, ResponseHeaders, Validators } from './record.ts';

/** Time, injected. `now` is monotonic and starts anywhere; `wall` is the epoch's. Both in milliseconds. */
export interface Clock {
  now(): number;
  wall(): number;
  /** Calls `wake` once after `delayMs` (any size, also over 2^31). Returns the cancellation. */
  timer(delayMs: number, wake: () => void): () => void;
  /** True where the process itself had hardly any time left lately: how long an answer took is then its own doing, not the origin's. */
  isBusy(): boolean;
  /** Calls `work` once, soon: when all that this turn of the event loop has to send is on its way. */
  atTurnEnd(work: () => void): void;
}

/** Pages of one origin that were put aside. */
export interface SpoolChunk {
  readonly pages: number;
}

/**
 * A place on disk for pages that were read ahead of an origin that is slow or paused: so a list that begins with a million of them keeps
 * every other origin busy, in bounded memory.
 */
export interface Spool {
  /** Undefined where there is no room: the pages stay in memory, and reading waits. */
  put(pages: readonly Page[]): SpoolChunk | undefined;
  /** Each chunk once. @throws StoreError where the disk does not give back what it took */
  take(chunk: SpoolChunk): Page[];
  close(): void;
}

/** Watches a run. What it throws cannot hurt the run. */
export type Listener = (event: RunEvent) => void;

/** One request as it goes on the wire: no redirect, no retry. */
export interface WireRequest {
  /** http or https, without userinfo and fragment. */
  readonly url: string;
  readonly origin: string;
  readonly method: string;
  /** Lower-case names; values already chosen for this origin. `accept-encoding`, `host` and `content-length` are the client's. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Do not speak HTTP/2 for this request. */
  readonly http1Only: boolean;
  /** This origin may be shown the client certificate (`--cert`). */
  readonly showCertificate: boolean;
  /** Nothing else waits for its origin, as far as the list has been read: where connections are too many, let this one go. Default: false. */
  readonly isLast?: boolean;
}

/** The head of a final (not 1xx) response. */
export interface Head {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly httpVersion: HttpVersion;
}

/** Where body bytes go. A promise pauses the response until it is kept; a rejection ends the exchange with that error. */
export interface BodySink {
  /** Decoded. */
  write(chunk: Buffer): void | Promise<void>;
  /** As they came: without the transfer coding, with the content coding. Each chunk before what it decodes to. */
  writeWire?(chunk: Buffer): void | Promise<void>;
}

/**
 * Looks at a body that is not wanted, as far as it is cheap to read on (`LIMITS.glanceBytes`): the answer is whole with its head all the same.
 */
export interface BodyGlance {
  /** As it came. */
  readonly glance: (chunk: Buffer) => void;
  /** The body came to its end. */
  readonly onEnd: () => void;
}

/** A whole answer. */
export interface Answer {
  readonly ok: true;
  readonly head: Head;
  readonly complete: Completeness;
  /** Of the decoded body; 0 where the body was not wanted. */
  readonly bytes: number;
  /** Of the body as it came over the wire. */
  readonly wireBytes: number;
  readonly remoteAddress?: string;
  /** The request's fields as they were sent, name and value in turn, but for `host`, those of HTTP/2 and of the framing. */
  readonly sentHeaders?: readonly string[];
  /** From handing the request over to its start, milliseconds: a name to look up, a connection to make, a stream to come free. */
  readonly connectMs: number;
  /** From the request's start to the response's head, milliseconds: the sample that concurrency is learned from. */
  readonly headMs: number;
  /** Streams that the server allows at once over this connection, as it last said; absent over HTTP/1.1 and where it said nothing. */
  readonly maxStreams?: number;
}

/** No whole answer. */
export interface NoAnswer {
  readonly ok: false;
  readonly failure: Failure;
  /** Where the head had come. */
  readonly head?: Head;
  /** False where it is certain that the server did not process the request. */
  readonly sent: boolean;
  /** Streams that the server allows at once over this connection, as it last said; absent over HTTP/1.1 and where it said nothing. */
  readonly maxStreams?: number;
}

export type Exchange = Answer | NoAnswer;

export type OnHead = (head: Head) => BodySink | BodyGlance | undefined;

/** One exchange on the wire. Reports; decides nothing. */
export interface Client {
  /**
   * Sends one request and brings its answer. Never rejects but for a rejection of the sink's: that is passed on as it is.
   * `onHead` is called at most once, with the final head: the sink it returns gets the decoded body; without one the body is not wanted
   * (read to its end where that is cheap, cut where not) and the answer is whole with its head.
   */
  exchange(request: WireRequest, onHead: OnHead): Promise<Exchange>;
  /** Bytes received over the wire so far, bodies only. */
  readonly receivedBytes: number;
  /** Ends what is in flight with `ABORTED` and closes every connection. */
  destroy(): Promise<void>;
}

/** A body that is too large to sit in memory, on its way into a store. Nobody sees it before `keep`. */
export interface Draft {
  /** A promise asks for a pause until it is kept. */
  write(chunk: Buffer): void | Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

/** A whole body, decoded (in an archive: as it came): in memory, or in the store's own draft. */
export type Body = { readonly chunks: readonly Buffer[] } | { readonly draft: Draft };

/** One exchange on a page's way, as it went over the wire: what a store that archives keeps. */
export interface TrailStep {
  readonly url: string;
  readonly method: string;
  /** Lower-case names; what is not on the list of safe ones has `[redacted]` for its value. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody?: string | Uint8Array;
  /** When the request was begun; epoch milliseconds. */
  readonly startedWall: number;
  readonly head: Head;
  readonly remoteAddress?: string;
  /** The body as it came (content coding kept); of the last step of an OK page it is in the `Body` that comes with the record. */
  readonly body: readonly Buffer[];
  /** The body went on, and was not kept. */
  readonly bodyCut: boolean;
}

/** How to open a store. */
export interface StoreOptions {
  /** Absolute path; absent for stdout and `none`. */
  readonly path?: string;
  /** `run` locks, mends and may create; `inspect` (for --dry-run) only looks, and changes nothing. */
  readonly mode: 'run' | 'inspect';
  /** Begin anew: remove what this store's own manifest names, nothing else. */
  readonly restart: boolean;
  /** What is asked of every page, to be the same from run to run: a name (`method`, `data`, `header accept`) to a digest or a plain value. */
  readonly request: Readonly<Record<string, string>>;
  /** Which run this is, for a store that keeps a list of them: the program's version and the options that were given, secrets aside. */
  readonly run?: { readonly version: string; readonly options: Readonly<Record<string, unknown>> };
}

/** A store that was opened. Every method throws `StoreError` where the disk does not go along. */
export interface StoreSession {
  /** OK pages that it holds from earlier runs, and when the newest of them was fetched (ISO 8601). */
  readonly stored: { readonly pages: number; readonly newest?: string };
  /** Told once at the start: such as a torn record that was cut. One sentence each. */
  readonly notices: readonly string[];
  /** True where an earlier run stored this page as OK. */
  has(page: Page): boolean;
  /**
   * True in a store that archives what went over the wire: `keep` gets the body as it came, its content coding kept, and the trail of
   * the page's last try.
   */
  readonly archives?: boolean;
  /** What is known of the version that is stored; undefined where none is. Absent where nothing can be refreshed. */
  validators?(page: Page): Validators | undefined | Promise<Validators | undefined>;
  /** Begins a body that is too large for memory. Absent where the store cannot stream. */
  draft?(page: Page): Promise<Draft>;
  /**
   * Keeps a page: all of it or nothing. The record is as the store keeps it (with `file`). When the promise is kept, SIGKILL cannot take
   * the page away any more. A body comes only with a record that is `ok`; an `unchanged` one leaves what is stored as it is.
   */
  keep(page: Page, record: PageRecord, body: Body | undefined, trail?: readonly TrailStep[]): Promise<PageRecord>;
  /** Keeps a record that has no page: an invalid line. */
  note(record: PageRecord): Promise<void>;
  /** The run is over, its last page kept: for a store that keeps a list of runs. */
  ended?(verdict: Verdict): Promise<void>;
  /** Everything is on disk, the lock is let go. */
  close(): Promise<void>;
}

/** A place for pages. */
export interface Store {
  /** Where pages go, as a user would write it: `pages/`, `pages.ndjson`, `stdout`, `nowhere`. */
  readonly place: string;
  /** Default of --max-filesize in bytes, where the store holds bodies in memory. */
  readonly maxBodyBytes?: number;
  open(options: StoreOptions): Promise<StoreSession>;
}

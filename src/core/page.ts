/** Header lines in order, as `[name, value]`. Names are lower-case, values hold no CR, LF or NUL. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

/**
 * A request to make: one distinct line of a list.
 * The page's key is what makes two lines the same page; `page-key.ts` makes it.
 */
export interface Page {
  /** WHATWG-normalised, without userinfo and fragment. */
  readonly url: string;
  /** Scheme, host and port as `URL.origin` writes them. */
  readonly origin: string;
  /** The line's own method, else the run's. Upper-case where it is a standard one. */
  readonly method: string;
  /** The line's own headers; they go to the page's own origin, and safe ones also where a redirect leads. */
  readonly headers: HeaderLines;
  /** The line's own body, else the run's. */
  readonly body?: string | Uint8Array;
  /** `Basic …`, from the URL's userinfo. Never printed, never stored. */
  readonly authorization?: string;
  /** The user's name for the page. */
  readonly id?: string;
  /** The user's wish for the file's name in a files store, unchecked. */
  readonly file?: string;
  /** Where it stands, `list:number`. */
  readonly line: string;
  /** First 64 bits of SHA-256 of the page's key, as two unsigned 32-bit numbers. Frozen: shards and stores rest on it. */
  readonly hashHigh: number;
  readonly hashLow: number;
  /** True where method and URL alone do not tell the key (own headers, a body or credentials): the record then carries `key`. */
  readonly keyed: boolean;
}

/** What a list gives, line by line. */
export type InputItem =
  | { readonly type: 'page'; readonly page: Page }
  | { readonly type: 'invalid'; readonly line: string; readonly text: string; readonly why: string }
  /** The list broke in the middle (torn gzip, EIO): what was read is done all the same. */
  | { readonly type: 'truncated'; readonly list: string; readonly why: string };

/** Items in batches, pulled as they are needed: a consumer that does not ask stops the reading. */
export type Input = AsyncIterable<readonly InputItem[]>;

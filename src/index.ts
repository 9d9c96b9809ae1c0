/** fetch-pages as a library: see `fetchPages`. */
export type { RunEvent, StopReason, Verdict } from './core/event.ts';
export { type FailureClass, type FailureCode, StoreError, UsageError } from './core/failure.ts';
export type { Listener } from './core/ports.ts';
export type { Completeness, Outcome, PageRecord, RecordError, Redirect, ResponseHeaders } from './core/record.ts';
export { type FetchedPage, fetchPages, type PageRequest } from './library.ts';
export type { FetchPagesOptions } from './library-options.ts';

/** fetch-pages as a library: see `fetchPages`. Every type that another one here names is here too. */
export type { StatusSet } from './core/config.ts';
export type {
  AttemptResult,
  AttemptSequel,
  FailureGroup,
  NoticeCode,
  PauseReason,
  RunEvent,
  StopReason,
  Verdict,
} from './core/event.ts';
export {
  type Failure,
  type FailureClass,
  type FailureCode,
  type StatusCode,
  StoreError,
  UsageError,
} from './core/failure.ts';
export type { HeaderLines, Page } from './core/page.ts';
export type {
  Body,
  Draft,
  Head,
  Listener,
  Store,
  StoreOptions,
  StoreSession,
  TrailStep,
} from './core/ports.ts';
export type {
  Completeness,
  HttpVersion,
  Outcome,
  PageRecord,
  RecordError,
  Redirect,
  ResponseHeaders,
  Validators,
} from './core/record.ts';
export { fetchPages, type ListItem, type PageRequest } from './library.ts';
export type { FetchedPage } from './library-handover.ts';
export type { FetchPagesOptions } from './library-options.ts';

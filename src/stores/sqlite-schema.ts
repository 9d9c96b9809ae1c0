/** `PRAGMA application_id` of a database of ours: "FtPD". It stands in the file's header, so that a file can be judged without opening it. */
export const APPLICATION_ID = 0x46745044;
/** `PRAGMA user_version`. A change that an older program would read wrongly makes it one more. */
export const SCHEMA_VERSION = 1;

/**
 * Columns of `pages` that say what the last ask came to: every record writes them.
 *
 * Names are those of the record's fields, in its spelling (SQL does not mind the case): one vocabulary in every store. The error is two
 * columns, for one would have to be taken apart in every query.
 */
export const STATE_COLUMNS = [
  'line',
  'id',
  'outcome',
  'fetchedAt',
  'status',
  'errorCode',
  'errorMessage',
  'attempts',
  'requests',
  'elapsedMs',
  'waitedMs',
] as const;

/**
 * Columns of `pages` that describe an answer: the one whose body is stored; before there is one, the last answer. A record that is not `ok`
 * leaves them as they are once a version is stored.
 */
export const ANSWER_COLUMNS = [
  'storedAt',
  'finalUrl',
  'redirects',
  'httpVersion',
  'contentType',
  'complete',
  'bytes',
  'sha256',
  'headers',
  'bodyId',
  'body',
] as const;

/**
 * The tables. `body` is the last column of its row: SQLite reads a row from the front, and a lookup that needs no body never touches one.
 *
 * `key` is text, 16 hex digits as in the record. As a 64-bit integer it would cost a tenth less, and lose its last digits in whatever reads
 * JSON numbers; as a blob nobody could read it. It is no rowid: pages in order of their hash would write each new one somewhere else
 * in the file.
 */
export const SCHEMA = `
CREATE TABLE pages (
  url          TEXT NOT NULL,
  method       TEXT NOT NULL,
  key          TEXT NOT NULL PRIMARY KEY,
  line         TEXT NOT NULL,
  id           TEXT,
  outcome      TEXT NOT NULL,
  fetchedAt    TEXT NOT NULL,
  status       INTEGER,
  errorCode    TEXT,
  errorMessage TEXT,
  attempts     INTEGER NOT NULL,
  requests     INTEGER NOT NULL,
  elapsedMs    REAL NOT NULL,
  waitedMs     REAL NOT NULL,
  storedAt     TEXT,
  finalUrl     TEXT,
  redirects    TEXT,
  httpVersion  TEXT,
  contentType  TEXT,
  complete     TEXT,
  bytes        INTEGER,
  sha256       TEXT,
  headers      TEXT,
  bodyId       INTEGER,
  body         BLOB
);
CREATE INDEX pages_url ON pages (url);
CREATE INDEX pages_stored ON pages (storedAt) WHERE storedAt IS NOT NULL;
CREATE INDEX pages_not_ok ON pages (outcome, status) WHERE outcome NOT IN ('ok', 'unchanged');
CREATE INDEX pages_in_chunks ON pages (bodyId) WHERE bodyId IS NOT NULL;

CREATE TABLE body_chunks (
  bodyId INTEGER NOT NULL,
  n      INTEGER NOT NULL,
  chunk  BLOB NOT NULL,
  PRIMARY KEY (bodyId, n)
);

CREATE TABLE invalid (
  line         TEXT NOT NULL PRIMARY KEY,
  text         TEXT NOT NULL,
  errorMessage TEXT NOT NULL,
  fetchedAt    TEXT NOT NULL
);

CREATE TABLE runs (
  id        INTEGER PRIMARY KEY,
  version   TEXT,
  startedAt TEXT NOT NULL,
  endedAt   TEXT,
  options   TEXT,
  pages     INTEGER,
  ok        INTEGER,
  stopped   TEXT,
  verdict   TEXT
);

CREATE VIEW failures AS
SELECT url, method, line, id, outcome, status, errorCode, errorMessage, attempts, fetchedAt, storedAt
FROM pages WHERE outcome NOT IN ('ok', 'unchanged')
UNION ALL
SELECT text, NULL, line, NULL, 'invalid', NULL, 'INVALID_LINE', errorMessage, 0, fetchedAt, NULL
FROM invalid;

CREATE VIEW bodies AS
SELECT key, url, method, contentType, bytes, bodyId IS NOT NULL AS inChunks,
  CASE WHEN bodyId IS NULL THEN body ELSE CAST((
    SELECT group_concat(chunk, '') FROM (
      SELECT chunk FROM body_chunks WHERE body_chunks.bodyId = pages.bodyId ORDER BY n
    )
  ) AS BLOB) END AS body
FROM pages WHERE storedAt IS NOT NULL;
`;

/** Of what a run writes, in the order in which it is removed by --restart. Tables that others put into the file stay. */
export const TABLES = ['body_chunks', 'pages', 'invalid', 'runs'] as const;

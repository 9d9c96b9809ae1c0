import { DatabaseSync } from 'node:sqlite';

/** What a query answers, as plain objects, by a connection that only reads. */
export function queryRows(path: string, sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

/**
 * The thread that brings what is in a database's log into the database: `PRAGMA wal_checkpoint`, whose fsyncs would else hold up the run for as
 * long as the disk takes. It ends when it is told to close.
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

export type CheckpointAnswer =
  /** `whole`: nothing was left in the log, so the next commit begins it anew. A reader may keep a part of it: that is no failure. */
  | { readonly ok: true; readonly whole: boolean }
  /** What is left of an error on its way between threads. */
  | { readonly ok: false; readonly message: string; readonly errcode: number | undefined };

const port = parentPort;
if (port === null) throw new Error('this is a thread, not a program');

let database: DatabaseSync | undefined;

port.on('message', (message: 'checkpoint' | 'close') => {
  if (message === 'checkpoint') return port.postMessage(answer());
  database?.close();
  port.close();
});

function answer(): CheckpointAnswer {
  try {
    database ??= connect();
    const row = database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    return { ok: true, whole: row?.busy === 0 && row.log === row.checkpointed };
  } catch (error) {
    const errcode = error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined;
    return { ok: false, message: error instanceof Error ? error.message : String(error), errcode };
  }
}

function connect(): DatabaseSync {
  const connection = new DatabaseSync(String(workerData));
  connection.exec('PRAGMA synchronous = NORMAL');
  return connection;
}

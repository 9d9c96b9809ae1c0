/**
 * The thread that writes small files: it gets them in batches, and does for each what the main thread would do. It ends when it is terminated,
 * which is only done while it has nothing in hand.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { StoreError } from '../core/failure.ts';
import { errorCode, isSystemError } from './disk-error.ts';
import { QuickDisk } from './quick-disk.ts';
import { isOutOfDescriptors, StoreFolder } from './store-folder.ts';

/** What the thread is started with. */
export interface FileThreadData {
  readonly path: string;
  readonly place: string;
  /** Where the bodies of a batch stand one after the other; the thread's from a batch until its answer. */
  readonly bodies: SharedArrayBuffer;
}

export interface FileBatch {
  /** One a line, which no name holds: one string instead of many to send. */
  readonly names: string;
  readonly lengths: readonly number[];
}

/** Why a file of a batch is not there. */
export type FileFault =
  /** No descriptors: it is to be written in another way. */
  | { readonly index: number; readonly type: 'left' }
  /** The sentence of a `StoreError`. */
  | { readonly index: number; readonly type: 'refused'; readonly message: string }
  /** What the system said. */
  | { readonly index: number; readonly type: 'system'; readonly message: string; readonly code: string };

export interface FileBatchAnswer {
  /** Of files that are not there; every other one is, whole and under its name. */
  readonly faults: readonly FileFault[];
  /** For so long the disk is to be left to other threads; 0 where it is quick. */
  readonly restMs: number;
}

const port = parentPort;
if (port === null) throw new Error('this is a thread, not a program');

const { path, place, bodies } = workerData as FileThreadData;
const folder = new StoreFolder(path, place, 'thread-');
const disk = new QuickDisk(true);
const memory = new Uint8Array(bodies);

port.on('message', (batch: FileBatch) => port.postMessage(write(batch)));
port.postMessage('ready');

function write({ names, lengths }: FileBatch): FileBatchAnswer {
  const faults: FileFault[] = [];
  let at = 0;
  for (const [index, name] of names.split('\n').entries()) {
    const end = at + (lengths[index] ?? 0);
    const body = memory.subarray(at, end);
    at = end;
    try {
      disk.run(() => folder.writeNow([body], name));
    } catch (error) {
      faults.push(faultOf(index, error));
    }
  }
  return { faults, restMs: disk.restMs };
}

/** What is left of an error on its way between threads. @throws what is a bug */
function faultOf(index: number, error: unknown): FileFault {
  if (isOutOfDescriptors(error)) return { index, type: 'left' };
  if (error instanceof StoreError) return { index, type: 'refused', message: error.message };
  if (error instanceof Error && isSystemError(error)) {
    return { index, type: 'system', message: error.message, code: errorCode(error) };
  }
  throw error;
}

import { parentPort, workerData } from 'node:worker_threads';
import { startDnsServer } from '../../test/support/dns-server.ts';

/** A thread with a name server that leads every name to loopback, after `workerData` milliseconds. */
await startDnsServer(() => ({ v4: ['127.0.0.1'], ttlS: 60, afterMs: workerData }), 53);
parentPort?.postMessage('ready');

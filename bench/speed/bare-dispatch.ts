import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher } from 'undici';

/**
 * The least that can be done with undici: one `dispatch` after the other, so many in flight; bytes are counted and thrown away, nothing is
 * tried again and nothing is checked. What a page costs here is what a page costs in undici and Node. `bare-dispatch.ts LIST CA IN_FLIGHT`
 */
const [list = '', ca = '', inFlight = '50'] = process.argv.slice(2);
const urls = readFileSync(list, 'utf8').trim().split('\n');
const agent = new Agent({ connect: { ca: readFileSync(ca) }, connections: 1 });
let next = 0;
let pages = 0;
let bytes = 0;
let lost = 0;

class Counter implements Dispatcher.DispatchHandler {
  #status = 0;
  onRequestStart(): void {}
  onResponseStart(_controller: unknown, status: number): void {
    this.#status = status;
  }
  onResponseData(_controller: unknown, chunk: Buffer): void {
    bytes += chunk.length;
  }
  onResponseEnd(): void {
    if (this.#status === 200) pages += 1;
    else lost += 1;
    begin();
  }
  onResponseError(): void {
    lost += 1;
    begin();
  }
}

function begin(): void {
  const url = urls[next++];
  if (url === undefined) {
    if (pages + lost === urls.length) void end();
    return;
  }
  const slash = url.indexOf('/', 8);
  agent.dispatch({ origin: url.slice(0, slash), path: url.slice(slash), method: 'GET' }, new Counter());
}

async function end(): Promise<void> {
  await agent.close();
  process.stdout.write(`${JSON.stringify({ pages, bytes, lost })}\n`);
}

for (let index = 0; index < Number(inFlight); index++) begin();

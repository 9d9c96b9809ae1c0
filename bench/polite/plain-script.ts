import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import { Agent, fetch } from 'undici';

/** What people write by hand: fetch, p-limit, and five more tries that wait as Retry-After says. `plain-script.ts LIST FOLDER CA` */
const [list = '', folder = '', ca = ''] = process.argv.slice(2);
const dispatcher = new Agent({ connect: { ca: readFileSync(ca) } });
const limit = pLimit(50);
mkdirSync(folder, { recursive: true });

async function getPage(url: string): Promise<void> {
  for (let attempt = 0; attempt <= 5; attempt++) {
    const response = await fetch(url, { dispatcher });
    const body = await response.text();
    if (response.status === 200) {
      writeFileSync(join(folder, basename(url)), body);
      return;
    }
    const seconds = Number(response.headers.get('retry-after') ?? 2 ** attempt * 0.5);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

const urls = readFileSync(list, 'utf8').trim().split('\n');
await Promise.all(urls.map((url) => limit(() => getPage(url))));
await dispatcher.close();

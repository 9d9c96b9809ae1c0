import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type AppRequest, type AppServer, startAppServer } from '../support/app-server.ts';

/** `api.example.com` and `www.example.com` as the documents have them, behind a proxy, so that its URLs can stay as they are. */
export interface ExampleSite {
  readonly server: AppServer;
  /** `http://127.0.0.1:port`, for `https_proxy`. */
  readonly proxy: string;
  close(): Promise<void>;
}

function pem(name: string): string {
  return readFileSync(new URL(`../support/tls/${name}.pem`, import.meta.url), 'utf8');
}

interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly body: string;
}

export async function startExampleSite(): Promise<ExampleSite> {
  const server = await startAppServer(
    (request, { answer }) => {
      const { status = 200, type = 'application/json', body } = answerTo(request);
      const etag = `"${body.length}"`;
      if (status === 200 && request.headers['if-none-match'] === etag)
        return answer('', { status: 304, headers: { etag } });
      answer(body, { status, headers: { 'content-type': type, ...(status === 200 ? { etag } : undefined) } });
    },
    { tls: { cert: pem('example'), key: pem('example-key') } },
  );
  const proxy = createServer((_request, response) => response.writeHead(501).end());
  proxy.on('connect', (_request, socket) => {
    const upstream = connect(server.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
    socket.on('close', () => upstream.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  return {
    server,
    proxy: `http://127.0.0.1:${port}`,
    close: async () => {
      proxy.close();
      await server.close();
    },
  };
}

function answerTo(request: AppRequest): Answer {
  const host = request.authority.split(':', 1)[0];
  if (host === 'api.example.com') return apiAnswer(request);
  if (host === 'www.example.com') return pageAnswer(request);
  return { status: 404, body: '{}' };
}

/** What `api.example.com` answers. */
export function apiAnswer({ method, path, body, headers }: AppRequest): Answer {
  const url = new URL(path, 'https://api.example.com');
  const number = Number(/^\/items\/(\d+)$/.exec(url.pathname)?.[1]);
  if (number > 0) return json({ id: number, name: `lamp ${number}` });
  const page = Number(url.searchParams.get('page'));
  if (url.pathname === '/list') {
    const next = page < 3 ? `https://api.example.com/list?page=${page + 1}` : undefined;
    return json({ items: [`${page}-1`, `${page}-2`], next });
  }
  if (url.pathname === '/items') return json({ pages: 3, items: [{ id: `${page}-1` }] });
  if (url.pathname === '/search' && method === 'POST') return json({ asked: body });
  if (url.pathname === '/me' && headers.authorization !== undefined) return json({ me: headers.authorization });
  return { status: url.pathname === '/me' ? 401 : 404, body: '{}' };
}

function pageAnswer({ path, count }: AppRequest): Answer {
  if (path === '/missing') return { status: 404, type: 'text/html', body: 'gone' };
  if (path === '/not-yet') return { status: count < 3 ? 404 : 200, type: 'text/html', body: 'here' };
  if (path === '/sitemap.xml') {
    const places = ['/', '/about', '/search?q=lamp&amp;page=2'].map((at) => `<loc>https://www.example.com${at}</loc>`);
    return { type: 'application/xml', body: `<urlset>${places.map((at) => `<url>${at}</url>`).join('\n')}</urlset>` };
  }
  return { type: 'text/html', body: `<h1>${path}</h1>` };
}

function json(value: unknown): Answer {
  return { body: JSON.stringify(value) };
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, findProgram, startDaemon } from '../../test/servers/daemon.ts';

const TLS = join(import.meta.dirname, '../../test/support/tls');
export const CA = join(TLS, 'ca.pem');

/** Bytes of a page, about. */
const PAGE_BYTES = 1_000;
const TEXT = 'x'.repeat(PAGE_BYTES - 50);

/** What nginx says to a page's path: JSON with the path in it, so that each page can be known by its body. */
export function bodyOf(path: string): string {
  return `{"page":"${path}","text":"${TEXT}"}`;
}

/**
 * nginx with its own defaults (1,000 requests a connection, then GOAWAY; 128 streams at once), but for one worker process and no log: any
 * path is a page of 1 kB, answered from memory; `/large/` is a folder of files.
 */
export async function startNginx(folder: string): Promise<Daemon> {
  const path = findProgram('nginx');
  if (path === undefined) throw new Error('nginx is not installed: the bench needs it (Debian: nginx-light)');
  mkdirSync(join(folder, 'large'), { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return startDaemon((port) => {
    const config = join(folder, 'nginx.conf');
    writeFileSync(
      config,
      `daemon off;
      worker_processes 1;
      ${process.getuid?.() === 0 ? 'user root;' : ''}
      pid ${folder}/nginx.pid;
      events { worker_connections 8192; }
      http {
        ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
        access_log off;
        default_type application/json;
        server {
          listen ${port} ssl http2;
          ssl_certificate ${TLS}/good.pem;
          ssl_certificate_key ${TLS}/good-key.pem;
          location / { return 200 '${bodyOf('$uri')}'; }
          location /large/ { root ${folder}; default_type application/octet-stream; }
        }
      }`,
    );
    return { path, argv: ['-e', 'stderr', '-p', folder, '-c', config], cwd: folder };
  });
}

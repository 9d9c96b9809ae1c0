import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificate } from '../support/certificates.ts';

/** Where a server finds what it needs, and may write. */
export interface Ground {
  /** Its own, absolute, for its configuration and whatever it leaves. */
  readonly folder: string;
  /** The site's files. */
  readonly site: string;
  /** A plain HTTP server on loopback with the same pages, for those that only pass on. */
  readonly backendPort: number;
}

export interface ServerRow {
  /** The Debian package's program. */
  readonly program: string;
  /** What it is known for to a client. */
  readonly why: string;
  /** Writes the configuration: the server's own defaults but for port, certificate and pages. Returns the arguments that keep it in the foreground. */
  configure(ground: Ground, port: number): readonly string[];
}

const TLS_FOLDER = join(import.meta.dirname, '..', 'support', 'tls');
const CERT = join(TLS_FOLDER, 'good.pem');
const KEY = join(TLS_FOLDER, 'good-key.pem');

function write(ground: Ground, name: string, text: string): string {
  const path = join(ground.folder, name);
  writeFileSync(path, text);
  return path;
}

/**
 * nginx with its own defaults.
 *
 * @param site directives of the server block
 * @param http directives of the http block
 */
export function nginxArguments(ground: Ground, port: number, site: string, http = ''): readonly string[] {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const config = write(
    ground,
    'nginx.conf',
    `daemon off;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    pid ${ground.folder}/nginx.pid;
    events {}
    http {
      ${temporary.map((name) => `${name}_temp_path ${ground.folder}/${name};`).join('\n')}
      types { text/plain txt; application/octet-stream bin; }
      access_log off;
      ${http}
      server {
        listen 127.0.0.1:${port} ssl http2;
        ssl_certificate ${CERT};
        ssl_certificate_key ${KEY};
        root ${ground.site};
        ${site}
      }
    }`,
  );
  return ['-e', 'stderr', '-p', ground.folder, '-c', config];
}

/** Apache needs every module named; the modules' own settings are left as they are. */
function apacheArguments(ground: Ground, port: number): readonly string[] {
  const modules = ['mpm_event', 'authz_core', 'mime', 'socache_shmcb', 'ssl', 'http2'];
  const types = write(ground, 'mime.types', 'text/plain txt\napplication/octet-stream bin\n');
  const config = write(
    ground,
    'apache2.conf',
    `${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
    ServerRoot ${ground.folder}
    DefaultRuntimeDir ${ground.folder}
    PidFile ${ground.folder}/apache2.pid
    ServerName localhost
    ${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
    Listen 127.0.0.1:${port}
    ErrorLog ${ground.folder}/error.log
    TypesConfig ${types}
    SSLEngine on
    SSLCertificateFile ${CERT}
    SSLCertificateKeyFile ${KEY}
    Protocols h2 http/1.1
    DocumentRoot ${ground.site}`,
  );
  return ['-D', 'FOREGROUND', '-f', config];
}

function h2oArguments(ground: Ground, port: number): readonly string[] {
  const config = write(
    ground,
    'h2o.conf',
    `${process.getuid?.() === 0 ? 'user: root\n' : ''}listen:
  host: 127.0.0.1
  port: ${port}
  ssl:
    certificate-file: ${CERT}
    key-file: ${KEY}
hosts:
  default:
    paths:
      /:
        file.dir: ${ground.site}
`,
  );
  return ['-c', config];
}

function haproxyArguments(ground: Ground, port: number): readonly string[] {
  const { cert, key } = certificate('good');
  const pair = write(ground, 'pair.pem', cert + key);
  const config = write(
    ground,
    'haproxy.cfg',
    `defaults
  mode http
  timeout connect 5000
  timeout client 50000
  timeout server 50000
frontend pages
  bind 127.0.0.1:${port} ssl crt ${pair} alpn h2,http/1.1
  default_backend tiny
backend tiny
  server tiny 127.0.0.1:${ground.backendPort}
`,
  );
  return ['-db', '-q', '-f', config];
}

function caddyArguments(ground: Ground, port: number): readonly string[] {
  const config = write(
    ground,
    'Caddyfile',
    `{
  admin off
  auto_https off
}
https://localhost:${port}, https://127.0.0.1:${port} {
  bind 127.0.0.1
  tls ${CERT} ${KEY}
  root * ${ground.site}
  file_server
}
`,
  );
  return ['run', '--config', config, '--adapter', 'caddyfile'];
}

function nghttpdArguments(ground: Ground, port: number): readonly string[] {
  return ['--address=127.0.0.1', `--htdocs=${ground.site}`, String(port), KEY, CERT];
}

export const SERVER_ROWS: readonly ServerRow[] = [
  {
    program: 'nginx',
    why: 'says GOAWAY after every 1,000 requests of a connection (keepalive_requests)',
    configure: (ground, port) => nginxArguments(ground, port, ''),
  },
  { program: 'apache2', why: 'allows 100 streams (mod_http2, event MPM)', configure: apacheArguments },
  { program: 'h2o', why: 'has an HTTP/2 of its own', configure: h2oArguments },
  { program: 'haproxy', why: 'passes on to a backend over HTTP/1.1', configure: haproxyArguments },
  { program: 'caddy', why: 'is Go’s net/http', configure: caddyArguments },
  { program: 'nghttpd', why: 'speaks HTTP/2 only, with nghttp2', configure: nghttpdArguments },
];

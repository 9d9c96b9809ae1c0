import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scenarios } from './short-child.ts';

const CHILD = join(import.meta.dirname, 'short-child.ts');

/** Why there can be no network namespace here; undefined where there can. It takes Linux, root and the tools of util-linux and iproute2. */
export const NO_NAMESPACE: string | undefined =
  process.platform === 'linux' && spawnSync('unshare', ['-n', '-m', 'ip', 'link', 'set', 'lo', 'up']).status === 0
    ? undefined
    : 'it needs a network namespace, which takes root on Linux';

/** As many threads as the command gives itself. */
const ENVIRONMENT = { ...process.env, UV_THREADPOOL_SIZE: '32' };

/** A machine of its own: loopback with a public address, and every name asked of whoever listens on port 53. */
const INSIDE = `
  set -e
  ip link set lo up
  ip addr add 203.0.114.7/32 dev lo
  mount --bind "$FOLDER/resolv.conf" /etc/resolv.conf
  mount --bind "$FOLDER/nsswitch.conf" /etc/nsswitch.conf
  exec "$@"
`;

export async function inNamespace<Name extends keyof Scenarios>(
  name: Name,
): Promise<Awaited<ReturnType<Scenarios[Name]>>> {
  const folder = mkdtempSync(join(tmpdir(), 'fetch-pages-namespace-'));
  writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  writeFileSync(join(folder, 'nsswitch.conf'), 'hosts: files dns\n');
  try {
    const argv = ['-n', '-m', 'bash', '-c', INSIDE, 'inside', process.execPath, CHILD, name];
    return JSON.parse(await outputOf('unshare', argv, { ...ENVIRONMENT, FOLDER: folder }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The scenario with so few descriptors as a process may have. */
export async function withDescriptors(
  count: number,
  origin: string,
): Promise<Awaited<ReturnType<Scenarios['descriptors']>>> {
  const argv = ['-c', `ulimit -n ${count}; exec "$@"`, 'short', process.execPath, CHILD, 'descriptors', origin];
  return JSON.parse(await outputOf('bash', argv, ENVIRONMENT));
}

function outputOf(command: string, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, [...argv], { env, timeout: 50_000 }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
}

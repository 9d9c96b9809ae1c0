import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';

/** How a server is started so that it stays in the foreground, and a child of ours. */
export interface DaemonCommand {
  readonly path: string;
  readonly argv: readonly string[];
  readonly cwd: string;
}

export interface Daemon {
  readonly port: number;
  /** What it said on stderr so far. */
  log(): string;
  /** Ends it and resolves when it is gone. */
  stop(): Promise<void>;
}

const TRIES = 3;
const PROBE_INTERVAL_MS = 20;
const START_LIMIT_MS = 20_000;
/** Where Debian keeps servers: not on everybody's PATH. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/** Where a program is; undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Starts a server that is told its port. A port that was taken meanwhile costs a try. */
export async function startDaemon(commandFor: (port: number) => DaemonCommand): Promise<Daemon> {
  let failure = '';
  for (let tries = 0; tries < TRIES; tries++) {
    const port = await freePort();
    const started = await tryToStart(commandFor(port), port);
    if (typeof started !== 'string') return started;
    failure = started;
  }
  throw new Error(failure);
}

async function tryToStart({ path, argv, cwd }: DaemonCommand, port: number): Promise<Daemon | string> {
  const child = spawn(path, argv, {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  const exited = once(child, 'exit');
  let isGone = false;
  void exited.then(() => {
    isGone = true;
  });
  const deadline = performance.now() + START_LIMIT_MS;
  while (!(await accepts(port))) {
    if (isGone) return `${path} ended: ${log}`;
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      return `${path} listens to nobody: ${log}`;
    }
    await new Promise((resolve) => setTimeout(resolve, PROBE_INTERVAL_MS));
  }
  return {
    port,
    log: () => log,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      // A connection to a free port can meet itself, where the system gives it that very port to come from.
      resolve(socket.localPort !== port);
      socket.destroy();
    });
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

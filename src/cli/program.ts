import { readFileSync } from 'node:fs';
import type { Gauges, Verdict } from '../core/event.ts';
import { StoreError, UsageError } from '../core/failure.ts';
import type { Input } from '../core/page.ts';
import { printable } from '../core/policy/sanitise.ts';
import type { Listener, Store, StoreSession } from '../core/ports.ts';
import { rememberedRequest } from '../core/remembered-request.ts';
import { Run } from '../core/run.ts';
import { begun } from '../input/begun.ts';
import { openInput, type Source } from '../input/open-input.ts';
import { TempSpool } from '../input/temp-spool.ts';
import { createClient } from '../net/client.ts';
import { createProgress, type ProgressMode } from '../progress/terminal.ts';
import type { VerdictContext } from '../progress/verdict.ts';
import { STORES } from '../stores/index.ts';
import { NDJSON_MAX_BODY_BYTES } from '../stores/ndjson-line.ts';
import { systemClock } from '../system-clock.ts';
import { type About, versionText } from './about.ts';
import { againCommand } from './again.ts';
import { boundHeap } from './bound-heap.ts';
import { ChunkCollection } from './chunk-collection.ts';
import { colorFor } from './color.ts';
import { completionScript } from './completion.ts';
import { descriptorLimit, fitDescriptors } from './descriptors.ts';
import { plan, planText } from './dry-run.ts';
import { EXIT, exitCode } from './exit-code.ts';
import { type FailedList, openFailedList } from './failed-list.ts';
import { helpText } from './help.ts';
import { isInBackground, watchJobControl } from './job-control.ts';
import { parseArguments } from './options.ts';
import { openReportFile, type ReportFile } from './report-file.ts';
import { type Invocation, resolveConfig } from './resolve-config.ts';
import { watchSignals } from './signals.ts';
import { statusRequest } from './status-request.ts';
import { summarise, summaryText, writeSummary } from './summary.ts';
import { fileErrorReason } from './surroundings.ts';
import { tidy } from './tidy.ts';
import { writeStderr, writeStdout } from './write-stream.ts';

/**
 * What was typed, understood, done, told.
 *
 * @returns the exit code
 */
export async function program(argv: readonly string[], about: About): Promise<number> {
  const typed = parseArguments(argv);
  if (typed.type === 'help') return writeStdout(typed.text);
  if (typed.type === 'version') return writeStdout(versionText(about));
  if (typed.type === 'completion') return writeStdout(completionScript(typed.shell));
  const resolution = resolveConfig(typed.typed, typed.operands, {
    version: about.version,
    homepage: about.homepage,
    environment: process.env,
    cwd: currentFolder(),
    stdinIsTerminal: process.stdin.isTTY === true,
    stdoutIsTerminal: process.stdout.isTTY === true,
    readFile: (path) => readFileSync(path === '-' ? 0 : path),
    maxBodyBytes: { ndjson: NDJSON_MAX_BODY_BYTES },
  });
  if (resolution.type === 'no-input') {
    await writeStderr(helpText('common'));
    return EXIT.usage;
  }
  const { invocation } = resolution;
  boundHeap();
  if (invocation.demo) return demonstrate(invocation);
  const input = await openInput(sourcesOf(invocation), inputDefaults(invocation));
  if (invocation.dryRun) return tellPlan(invocation, input);
  const readsStdin = invocation.sources.some(({ type }) => type === 'stdin');
  return fetchAll(invocation, input, againCommand(argv, typed.typed, readsStdin));
}

/** @throws UsageError where it has been removed */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new UsageError(`the current folder cannot be used: ${fileErrorReason(error)}; cd to another one`);
  }
}

/** The same run as any other, against an API of our own on loopback. Nothing is kept unless -o says where. */
async function demonstrate(invocation: Invocation): Promise<number> {
  // Loaded by whoever asks for it: it brings two servers and their TLS.
  const { startDemoServer } = await import('../demo/server.ts');
  const server = await startDemoServer();
  try {
    const { config, store } = invocation;
    await writeStderr(`${DEMO_ABOUT.replace('ORIGIN', server.origin)}\n`);
    const sources: Source[] = server.urls.map((text) => ({ type: 'url', text }));
    const input = await openInput(sources, inputDefaults(invocation));
    const nowhere = { format: 'none', place: 'nowhere', outputGiven: false } as const;
    const trusting = { ...config, net: { ...config.net, ca: server.caPem } };
    const demo = { ...invocation, config: trusting, store: store.outputGiven ? store : nowhere };
    return await fetchAll(demo, input, undefined);
  } finally {
    await server.close();
  }
}

async function tellPlan(invocation: Invocation, input: Input): Promise<number> {
  const { config, store } = invocation;
  const session = await openStore(invocation, 'inspect');
  const found = await plan(input, config.restart ? undefined : session, config).finally(() => session.close());
  const code = await writeStdout(planText(found, store.place));
  if (!found.pageListed && found.truncated.length === 0) return EXIT.usage;
  return found.invalidCount > 0 || found.truncated.length > 0 ? EXIT.someNotOk : code;
}

/** Opens everything, runs, closes everything. What can be refused is refused before the store is touched. */
async function fetchAll(given: Invocation, input: Input, again: string | undefined): Promise<number> {
  const { config, notice } = fitDescriptors(given.config, descriptorLimit());
  const invocation =
    notice === undefined ? { ...given, config } : { ...given, config, notices: [...given.notices, notice] };
  const startedWall = systemClock.wall();
  const collection = new ChunkCollection();
  const client = createClient(config.net, undefined, (bytes) => collection.onChunk(bytes));
  const spool = new TempSpool();
  let listed: Input | undefined;
  let failed: FailedList | undefined;
  let report: ReportFile | undefined;
  let store: StoreSession | undefined;
  try {
    listed = await begun(input);
    failed = await openFailed(invocation);
    report = await openReport(invocation, () => run.gauges());
    store = await openStore(invocation, 'run');
    const verdictContext = verdictContextOf(invocation, again);
    const shown = createProgress(progressOptions(invocation, verdictContext, () => run.gauges()));
    tidy.leave = () => {
      shown.stop();
      void failed?.discard();
      report?.discard();
    };
    const listeners = [...(failed === undefined ? [] : [failedListener(failed)]), shown.listener];
    if (report !== undefined) listeners.push(report.listener);
    const parts = { config, input: listed, client, store, clock: systemClock, random: Math.random, listeners, spool };
    const run = new Run(parts);
    const signals = [watchSignals((signal) => run.stop(signal), tidy.leave), watchJobControl(shown, tidy.leave)];
    statusRequest.answer = () => shown.status();
    if (!invocation.display.quiet) for (const line of invocation.notices) shown.print(line);
    if (config.net.insecure) shown.listener(INSECURE);
    shown.start();
    report?.start();
    const verdict = await run.verdict().finally(() => closeAll(signals));
    const { pageListed } = run;
    return await conclude(invocation, verdict, { store, failed, report, startedWall, pageListed, verdictContext });
  } catch (error) {
    tidy.leave();
    await failed?.discard();
    report?.discard();
    await store?.close();
    throw error;
  } finally {
    spool.close();
    await client.destroy();
    await listed?.[Symbol.asyncIterator]().return?.();
  }
}

function closeAll(watches: readonly { close(): void }[]): void {
  for (const watch of watches) watch.close();
}

async function openFailed({ failedFile, config }: Invocation): Promise<FailedList | undefined> {
  return failedFile === undefined ? undefined : await openFailedList(failedFile, config.request);
}

async function openReport({ reportFile }: Invocation, gauges: () => Gauges): Promise<ReportFile | undefined> {
  return reportFile === undefined ? undefined : await openReportFile(reportFile, gauges);
}

interface Conclusion {
  readonly store: StoreSession;
  readonly failed: FailedList | undefined;
  readonly report: ReportFile | undefined;
  readonly startedWall: number;
  readonly pageListed: boolean;
  readonly verdictContext: VerdictContext;
}

/** What is left to write after the run: it must succeed before the run may call itself a success. */
async function conclude(invocation: Invocation, verdict: Verdict, parts: Conclusion): Promise<number> {
  let writeFailed = false;
  const attempt = async (write: () => Promise<unknown>): Promise<void> => {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      writeFailed = true;
      await writeStderr(`${printable(error.message)}\n`);
    }
  };
  await attempt(async () => parts.store.ended?.(verdict));
  await attempt(() => parts.store.close());
  await attempt(async () => parts.failed?.commit());
  const code = () => exitCode(verdict, { pageListed: parts.pageListed, writeFailed });
  const { summary, store, about } = invocation;
  const { startedWall, verdictContext, report } = parts;
  const endedWall = systemClock.wall();
  await attempt(async () =>
    report?.commit(verdict, {
      version: about.version,
      exitCode: code(),
      startedWall,
      endedWall,
      verdict: verdictContext,
    }),
  );
  if (summary === undefined) return code();
  const told = summarise(verdict, {
    program: about.version,
    exitCode: code(),
    startedWall,
    endedWall,
    format: store.format,
    place: store.place,
  });
  await attempt(async () => (summary === '-' ? writeStdout(summaryText(told)) : writeSummary(summary, told)));
  return code();
}

function openStore({ store, config, about, givenOptions }: Invocation, mode: 'run' | 'inspect'): Promise<StoreSession> {
  const { path, place } = store;
  const opened: Store = STORES[store.format]({
    place,
    ...(path === undefined ? undefined : { path }),
    stdout: process.stdout,
    ...(store.cdxj === undefined ? undefined : { cdxj: store.cdxj }),
  });
  return opened.open({
    mode,
    ...(path === undefined ? undefined : { path }),
    restart: config.restart,
    request: rememberedRequest(config.request),
    run: { version: about.version, options: givenOptions },
  });
}

function progressOptions(invocation: Invocation, verdict: VerdictContext, gauges: () => Gauges) {
  const { display } = invocation;
  return {
    mode: progressMode(invocation),
    quiet: display.quiet,
    verbose: display.verbose,
    stream: process.stderr,
    color: colorFor(display.color, process.env, process.stderr.isTTY === true),
    gauges,
    clock: systemClock,
    hasTerminal: () => !isInBackground(),
    verdict,
  };
}

function verdictContextOf({ store, failedFile, config }: Invocation, again: string | undefined): VerdictContext {
  return {
    place: store.place,
    ...(again === undefined ? undefined : { again }),
    ...(failedFile === undefined ? undefined : { failedFile }),
    ...(config.shard === undefined ? undefined : { shard: `${config.shard.index}/${config.shard.count}` }),
  };
}

/** Pages that go to the same terminal would run through a live view; a dumb terminal cannot draw one. */
function progressMode({ display, store }: Invocation): ProgressMode {
  if (display.progress !== 'auto') return display.progress;
  const mixes = store.place === 'stdout' && process.stdout.isTTY === true;
  const canDraw = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
  return canDraw && !mixes ? 'bar' : 'lines';
}

function failedListener(failed: FailedList): Listener {
  return (event) => {
    if (event.type !== 'page' || event.record.error === undefined) return;
    const { record, page } = event;
    if (page === undefined) failed.invalid(record.line, record.error?.message ?? '', record.url);
    else failed.page(page);
  };
}

function sourcesOf({ sources }: Invocation): Source[] {
  return sources.map((source) => (source.type === 'stdin' ? { type: 'stdin', stream: process.stdin } : source));
}

function inputDefaults({ config, expand }: Invocation) {
  const { method, body } = config.request;
  return { method, ...(body === undefined ? undefined : { body }), expand };
}

const DEMO_ABOUT = [
  'A demo API on loopback, ORIGIN: 60 requests/s, then 429 with',
  'Retry-After; some 503s, one slow page, one that resets. All pages come home:',
].join('\n');

const INSECURE = {
  type: 'notice',
  code: 'INSECURE',
  message:
    'Certificates are not verified (--insecure): anybody on the way can read and change what is sent and fetched.',
} as const;

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chart } from './chart.ts';
import { wholePages } from './kept-pages.ts';
import { measure } from './measure.ts';
import { type Ground, PEERS, type Peer } from './peers.ts';
import { machine, markdown, type Outcome, type Report, resultOf, type ScenarioResult } from './report.ts';
import { FULL, QUICK, type Scenario, scenarios } from './scenarios.ts';
import { startNginx } from './site.ts';

/**
 * `npm run bench`: one nginx, ours and every peer that is installed, in turn. Writes a table, its figures as JSON and charts to
 * bench/results/. `--quick`: small lists, one round, nothing written; it fails where ours loses a page. `--only <scenario>`, `--rounds <n>`.
 */
const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' }, rounds: { type: 'string' } },
});
/** As many as take less than ten minutes on a machine with nothing else to do. */
const rounds = values.quick ? 1 : Number(values.rounds ?? 3);
const LONGEST_RUN_MS = 120_000;
const RESULTS = join(import.meta.dirname, '../results');
/** In memory where there is such a place: it is not the disk that is measured. */
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'fetch-pages-bench-'));

function runOnce(peer: Peer, scenario: Scenario, list: string): Outcome {
  const ground: Ground = {
    list,
    curlConfig: `${list}.curl`,
    folder: join(folder, 'pages'),
    ndjson: join(folder, 'pages.ndjson'),
  };
  for (const path of [ground.folder, ground.ndjson, join(folder, '.pages.ndjson.lock')]) {
    rmSync(path, { recursive: true, force: true });
  }
  // fetch-pages makes a folder of its own; curl makes none.
  if (!peer.name.startsWith('fetch-pages')) mkdirSync(ground.folder);
  writeFileSync(
    ground.curlConfig,
    scenario.urls
      .map((url) => `url = "${url}"\noutput = "${ground.folder}/${url.slice(url.lastIndexOf('/') + 1)}"\n`)
      .join(''),
  );
  const { stdout, ...used } = measure(peer.command(ground, scenario), LONGEST_RUN_MS);
  const whole = used.isCut && peer.kept === 'told' ? 0 : wholePages(peer, scenario, ground, stdout);
  return { ...used, lost: scenario.urls.length - whole };
}

function runScenario(scenario: Scenario): ScenarioResult {
  const list = join(folder, `${scenario.name}.txt`);
  writeFileSync(list, scenario.urls.map((url) => `${url}\n`).join(''));
  const peers = PEERS.filter((peer) => peer.version !== undefined && peer.scenarios.includes(scenario.name));
  const runs = new Map<Peer, Outcome[]>(peers.map((peer) => [peer, []]));
  for (let round = 0; round < rounds; round++) {
    for (const peer of peers) {
      const outcome = runOnce(peer, scenario, list);
      runs.get(peer)?.push(outcome);
      process.stderr.write(
        `${scenario.name} ${round + 1}/${rounds} ${peer.name}: ${outcome.seconds.toFixed(2)} s, ${outcome.lost} lost\n`,
      );
    }
  }
  const curl = peers.find(({ name }) => name.startsWith('curl'));
  const ofCurl = (curl === undefined ? undefined : runs.get(curl)) ?? [];
  return {
    scenario: scenario.name,
    title: scenario.title,
    pages: scenario.urls.length,
    bytes: scenario.urls.reduce((sum, url) => sum + scenario.bytesOf(url), 0),
    peers: peers.map((peer) => resultOf(scenario, peer, runs.get(peer) ?? [], ofCurl)),
  };
}

const server = await startNginx(folder);
try {
  const chosen = scenarios(values.quick ? QUICK : FULL, server.port, folder).filter(
    ({ name }) => values.only === undefined || values.only === name,
  );
  const date = new Date().toISOString().slice(0, 10);
  const report: Report = { date, machine: machine(), rounds, scenarios: chosen.map(runScenario) };
  process.stdout.write(markdown(report));
  const ours = report.scenarios.flatMap(({ peers }) => peers.filter(({ peer }) => peer.startsWith('fetch-pages')));
  if (ours.length === 0 || ours.some(({ lost }) => lost > 0)) process.exitCode = 1;
  if (!values.quick && values.only === undefined) {
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(join(RESULTS, 'speed.md'), markdown(report));
    writeFileSync(join(RESULTS, 'speed.json'), `${JSON.stringify(report, null, 2)}\n`);
    for (const result of report.scenarios.filter(({ scenario }) => scenario !== 'large-bodies')) {
      writeFileSync(join(RESULTS, `speed-${result.scenario}.svg`), chart(result));
    }
  }
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

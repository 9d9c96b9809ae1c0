import type { Gauges, Verdict } from '../core/event.ts';
import type { Listener } from '../core/ports.ts';
import type { ReportFacts } from '../report/report.ts';
import { systemClock } from '../system-clock.ts';
import { AsideFile } from './aside-file.ts';

/** `--report FILE`: the run as one page for a browser. */
export interface ReportFile {
  readonly listener: Listener;
  start(): void;
  /** Puts the page into its place. @throws StoreError */
  commit(verdict: Verdict, facts: ReportFacts): void;
  /** Leaves the place as it was. */
  discard(): void;
}

/**
 * Begins the page beside its place; only `commit` replaces what is there.
 *
 * @throws StoreError where nothing can be written there
 */
export async function openReportFile(path: string, gauges: () => Gauges): Promise<ReportFile> {
  // Loaded by whoever asks for it: it brings the plots.
  const { createReport } = await import('../report/report.ts');
  const report = createReport({ gauges, clock: systemClock });
  const file = new AsideFile('--report', path, 0o666);
  return {
    listener: report.listener,
    start: report.start,
    commit: (verdict, facts) => {
      report.stop();
      file.append(report.html(verdict, facts));
      file.commit();
    },
    discard: () => {
      report.stop();
      file.discard();
    },
  };
}

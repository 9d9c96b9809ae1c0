import type { Gauges } from '../core/event.ts';
import type { Figures, Moment } from './figures.ts';
import type { Samples } from './samples.ts';
import type { ProgressState } from './state.ts';
import type { Theme } from './theme.ts';

/** All that a frame of the live view is drawn from. */
export interface View {
  readonly state: ProgressState;
  readonly samples: Samples;
  readonly gauges: Gauges;
  readonly moment: Moment;
  readonly figures: Figures;
  readonly columns: number;
  readonly theme: Theme;
}

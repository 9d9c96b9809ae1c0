import type { Span } from './columns.ts';
import { cutEnd, cutMiddle, firstThatFits } from './columns.ts';
import type { ShownFailure } from './state.ts';
import { textWidth } from './text-width.ts';
import type { View } from './view.ts';
import { shownMessage, shownUrl } from './wording.ts';

/** Behind a URL of a few columns a message would only be in the way. */
const MIN_ROOM_FOR_MESSAGE = 50;
const MESSAGE_SHARE = 0.45;
/** Of a narrower terminal a code takes half. */
const NARROW_COLUMNS = 40;

/** The codes one below the other, as much of each URL as there is room for, and the message where the URL leaves some. */
export function failureLines(failures: readonly ShownFailure[], view: View): string[] {
  const { columns } = view;
  const longest = Math.max(0, ...failures.map(({ code }) => code.length));
  const codeColumns = columns < NARROW_COLUMNS ? Math.min(longest, Math.floor(columns / 2)) : longest;
  return failures.map((failure) => rememberedLine(failure, codeColumns, view));
}

interface Remembered {
  readonly line: string;
  readonly codeColumns: number;
  readonly view: Pick<View, 'columns' | 'theme'>;
}

/** A failure stays on the screen for many frames: its line is made once, and anew where the window changes. */
const remembered = new WeakMap<ShownFailure, Remembered>();

function rememberedLine(failure: ShownFailure, codeColumns: number, { columns, theme }: View): string {
  const known = remembered.get(failure);
  if (known?.codeColumns === codeColumns && known.view.columns === columns && known.view.theme === theme)
    return known.line;
  const view = { columns, theme };
  const line = failureLine(failure, codeColumns, view);
  remembered.set(failure, { line, codeColumns, view });
  return line;
}

function failureLine(failure: ShownFailure, codeColumns: number, { columns, theme }: Remembered['view']): string {
  const url = shownUrl(failure.url);
  const message = shownMessage(failure.message);
  const head: Span[] = [{ text: `✗ ${cutEnd(failure.code, codeColumns).padEnd(codeColumns)}  `, paint: theme.bad }];
  const room = columns - codeColumns - 4;
  const messageColumns = room < MIN_ROOM_FOR_MESSAGE ? 0 : Math.floor(room * MESSAGE_SHARE);
  const tail = messageColumns === 0 ? '' : `  ${cutEnd(message, messageColumns)}`;
  const cutUrl = cutMiddle(url, Math.max(1, room - textWidth(tail)));
  return firstThatFits(
    [
      [...head, { text: url }, { text: `  ${message}`, paint: theme.dim }],
      [...head, { text: cutUrl }, { text: tail, paint: theme.dim }],
    ],
    columns,
  );
}

/** A URL with curl's ranges and sets, understood but not expanded. */
export type UrlRanges =
  | { readonly ok: true; readonly count: number; readonly urls: () => Iterable<string> }
  | { readonly ok: false; readonly why: string };

/** One range or set: so many values, made one by one. */
interface Axis {
  readonly count: number;
  readonly at: (index: number) => string;
}

type Piece = string | Axis;

const RANGE = /\[(?:(\d+)-(\d+)|([a-zA-Z])-([a-zA-Z]))(?::(\d+))?\]/y;
const SPECIAL = /[[{\\]/;

/**
 * Reads curl's URL globbing: `[1-50]`, `[001-100]`, `[1-100:10]`, `[a-z]`, `[a-z:2]`, `{a,b,c}`, several in one URL, the leftmost
 * slowest. A backslash takes the special meaning from `[`, `]`, `{` and `}`, and within braces from anything.
 *
 * Other than curl, which refuses them: brackets that are no range (`page[size]=10`, an IPv6 host), braces without a comma and
 * braces without a partner stand for themselves. Ranges that run backwards, mix cases, step too far, or nest are refused, as in curl.
 */
export function parseUrlRanges(text: string): UrlRanges {
  if (!SPECIAL.test(text)) return { ok: true, count: 1, urls: () => [text] };
  const pieces: Piece[] = [];
  const sets = findSets(text);
  let count = 1;
  let literal = '';
  for (let at = 0; at < text.length; ) {
    const axis = axisAt(text, at, sets);
    if (axis === undefined) {
      if (text[at] === '\\' && isBracket(text[at + 1])) at++;
      literal += text[at++] ?? '';
      continue;
    }
    if ('why' in axis) return { ok: false, why: axis.why };
    at = axis.end;
    if (axis.count === 1) {
      literal += axis.at(0);
      continue;
    }
    count *= axis.count;
    if (count > Number.MAX_SAFE_INTEGER) return { ok: false, why: 'the ranges make more than 2^53 URLs' };
    pieces.push(literal, axis);
    literal = '';
  }
  pieces.push(literal);
  return { ok: true, count, urls: () => combine(pieces, 0, '') };
}

/** At most 53 axes deep: each has two values or more, and their product is bounded. */
function* combine(pieces: readonly Piece[], index: number, prefix: string): Generator<string> {
  const piece = pieces[index];
  if (piece === undefined) {
    yield prefix;
  } else if (typeof piece === 'string') {
    yield* combine(pieces, index + 1, prefix + piece);
  } else {
    for (let value = 0; value < piece.count; value++) yield* combine(pieces, index + 1, prefix + piece.at(value));
  }
}

type Found = (Axis & { readonly end: number }) | { readonly why: string } | undefined;

function axisAt(text: string, at: number, sets: ReadonlyMap<number, BraceSet>): Found {
  if (text[at] === '[') return rangeAt(text, at);
  const set = sets.get(at);
  if (set === undefined) return undefined;
  if (set.nested) {
    return {
      why: `braces or ranges inside braces (character ${at + 1}); a backslash before a brace, or -g, takes it literally`,
    };
  }
  const values = setValues(text.slice(at + 1, set.end));
  return { end: set.end + 1, count: values.length, at: (index) => values[index] ?? '' };
}

function rangeAt(text: string, at: number): Found {
  RANGE.lastIndex = at;
  const match = RANGE.exec(text);
  if (match === null) return undefined;
  const [whole, firstNumber, lastNumber, firstLetter, lastLetter, stepText = '1'] = match;
  const refuse = (why: string): Found => ({ why: `the range ${whole.slice(0, 100)} ${why}` });
  const isLetters = firstLetter !== undefined && lastLetter !== undefined;
  if (isLetters && isUpper(firstLetter) !== isUpper(lastLetter)) return refuse('mixes upper and lower case');
  const first = isLetters ? firstLetter.charCodeAt(0) : Number(firstNumber);
  const last = isLetters ? lastLetter.charCodeAt(0) : Number(lastNumber);
  const step = Number(stepText);
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last)) return refuse('is larger than 2^53');
  if (last < first) return refuse('runs backwards');
  if (step < 1) return refuse('has a step of 0');
  // curl refuses it too: it would fetch one page where a range was meant.
  if (match[5] !== undefined && step > last - first) return refuse('has a step that is larger than itself');
  const width = firstNumber?.startsWith('0') ? firstNumber.length : 0;
  return {
    end: at + whole.length,
    count: Math.floor((last - first) / step) + 1,
    at: isLetters
      ? (index) => String.fromCharCode(first + index * step)
      : (index) => String(first + index * step).padStart(width, '0'),
  };
}

interface BraceSet {
  /** Where its closing brace stands. */
  readonly end: number;
  /** It holds another brace or a range. */
  readonly nested: boolean;
}

interface OpenBrace {
  readonly start: number;
  hasComma: boolean;
  nested: boolean;
}

/** Braces that hold a comma, by where they begin: in one pass, so that a line of a million braces costs no more than any other. */
function findSets(text: string): ReadonlyMap<number, BraceSet> {
  const sets = new Map<number, BraceSet>();
  const open: OpenBrace[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    const inner = open.at(-1);
    if (char === '\\' && (inner !== undefined || isBracket(text[at + 1]))) {
      at++;
    } else if (char === '{') {
      if (inner !== undefined) inner.nested = true;
      open.push({ start: at, hasComma: false, nested: false });
    } else if (inner === undefined) {
      // outside of braces nothing else counts
    } else if (char === ',') {
      inner.hasComma = true;
    } else if (char === '[') {
      RANGE.lastIndex = at;
      if (RANGE.test(text)) inner.nested = true;
    } else if (char === '}') {
      open.pop();
      if (inner.hasComma) sets.set(inner.start, { end: at, nested: inner.nested });
    }
  }
  return sets;
}

function setValues(inside: string): readonly string[] {
  const values: string[] = [];
  let value = '';
  for (let at = 0; at < inside.length; at++) {
    const char = inside[at];
    if (char === ',') {
      values.push(value);
      value = '';
    } else {
      if (char === '\\' && at + 1 < inside.length) at++;
      value += inside[at] ?? '';
    }
  }
  values.push(value);
  return values;
}

function isBracket(char: string | undefined): boolean {
  return char === '[' || char === ']' || char === '{' || char === '}';
}

function isUpper(letter: string): boolean {
  return letter < 'a';
}

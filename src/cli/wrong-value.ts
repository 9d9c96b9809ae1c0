import { UsageError } from '../core/failure.ts';

/** A word as it was typed, in double quotes, on one line and harmless to a terminal: control and format characters are written as escapes. */
export function quoted(text: string): string {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return JSON.stringify(shown).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });
}

/** `--rate: "fast" is not a rate; write it as 10/s`. Never for a value that may be a secret. */
export function wrongValue(option: string, value: string, why: string): UsageError {
  return new UsageError(`${option}: ${quoted(value)} ${why}`);
}

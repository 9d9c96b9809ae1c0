import { printable } from '../core/policy/sanitise.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for an element or a quoted attribute (HTML Standard, 13.1.2). */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** Text of a server or a list: on one line, without control and bidi characters, at most `maxLength` graphemes long, and text only. */
export function shownText(text: string, maxLength: number): string {
  return escapeHtml(printable(text, maxLength));
}

/** JSON that may stand in a script element: nothing in it can end that element or begin a comment (HTML Standard, 4.12.1.3). */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

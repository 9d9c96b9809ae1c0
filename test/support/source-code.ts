/** A TypeScript source as a reader of its words needs it. Line and column stay where they were. */
export interface SourceCode {
  /** Comments are blanks. */
  readonly withoutComments: string;
  /** Comments, and what stands in strings, templates and regular expressions, are blanks: only code is left. */
  readonly codeOnly: string;
}

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const STRING = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/y;
const REGEX = /\/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** From a template's start, or the end of a `${}` in it, to the next `${` or its end. */
const TEMPLATE = /[`}](?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
/** What a regular expression may stand behind; behind anything else a slash divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+*%~^<>-]|\b(?:return|typeof|case|of|in))\s*$/;

export function readSource(text: string): SourceCode {
  let withoutComments = '';
  let codeOnly = '';
  let at = 0;
  /** Of each template that is open, the braces that are open within its `${`. */
  const templates: number[] = [];

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const take = (part: string, isComment: boolean, isCode: boolean): void => {
    at += part.length;
    withoutComments += isComment ? blank(part) : part;
    codeOnly += isCode ? part : blank(part);
  };

  while (at < text.length) {
    const char = text.charAt(at);
    const comment = match(COMMENT);
    const literal = match(STRING) ?? (BEFORE_REGEX.test(codeOnly.slice(-20)) ? match(REGEX) : undefined);
    const open = templates.at(-1);
    const template = char === '`' || (char === '}' && open === 0) ? match(TEMPLATE) : undefined;
    if (comment !== undefined) {
      take(comment, true, false);
    } else if (template !== undefined) {
      if (char === '}') templates.pop();
      if (template.endsWith('${')) templates.push(0);
      take(template, false, false);
    } else if (literal !== undefined) {
      take(literal, false, false);
    } else {
      if (open !== undefined && char === '{') templates.push((templates.pop() ?? 0) + 1);
      if (open !== undefined && char === '}') templates.push((templates.pop() ?? 0) - 1);
      take(char, false, true);
    }
  }
  return { withoutComments, codeOnly };
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

/** What a source imports, types and `import()` included, as it is written there. */
export function importsOf({ withoutComments }: SourceCode): string[] {
  const statements = withoutComments.matchAll(/^(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]/gm);
  const bare = withoutComments.matchAll(/^import\s*['"]([^'"]+)['"]/gm);
  const calls = withoutComments.matchAll(/\b(?:import|require)\(\s*['"]([^'"]+)['"]/g);
  return [...statements, ...bare, ...calls].map(([, specifier = '']) => specifier);
}

/** True for a file of re-exports only: it gives a second name to things that have one. */
export function isBarrel({ withoutComments }: SourceCode): boolean {
  const isReexport = /\bexport\b[^;'"]*?\bfrom\s*['"]|\bexport\s*(?:type\s*)?\{/.test(withoutComments);
  const rest = withoutComments
    .replace(/\b(?:import|export)\b[^;'"]*?\bfrom\s*['"][^'"]+['"];?/g, '')
    .replace(/\bexport\s*(?:type\s*)?\{[^}]*\};?/g, '');
  return isReexport && rest.trim() === '';
}

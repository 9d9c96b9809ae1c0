// The tables of docs/library.md, made of the library's own declarations.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const SRC = join(import.meta.dirname, '..', 'src');

/** A name that the library exports, and the first paragraph of its docstring on one line. */
export interface Exported {
  readonly name: string;
  readonly file: string;
  readonly doc: string;
  /** From the docstring's end to the end of the declaration. */
  readonly declaration: string;
}

export interface LibraryOption {
  readonly name: string;
  readonly type: string;
  readonly meaning: string;
  readonly default: string;
  /** What the command calls it; empty where it has no such option. */
  readonly flag: string;
}

/** Everything that src/index.ts exports, in its order. @throws where one has no docstring */
export function exportedNames(): readonly Exported[] {
  const index = readFileSync(join(SRC, 'index.ts'), 'utf8');
  return [...index.matchAll(/^export (?:type )?\{([^}]*)\} from '\.\/([^']+)';/gm)].flatMap(
    ([, names = '', file = '']) => {
      const source = readFileSync(join(SRC, file), 'utf8');
      return names
        .split(',')
        .map((name) => name.trim().replace(/^type /, ''))
        .filter((name) => name !== '')
        .map((name) => exported(name, file, source));
    },
  );
}

function exported(name: string, file: string, source: string): Exported {
  const pattern = new RegExp(
    `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\nexport (?:type|interface|class|async function\\*) ${name}\\b([\\s\\S]*?)(?=\\n\\n(?:export|/\\*\\*|[a-z])|$)`,
  );
  const [, doc, declaration] = pattern.exec(source) ?? [];
  if (doc === undefined || declaration === undefined) throw new Error(`${name} of src/${file} has no docstring`);
  const [paragraph = ''] = doc.split(/\n \*\n/, 1);
  return { name, file, doc: oneLine(paragraph), declaration };
}

/** The fields of FetchPagesOptions. @throws where one says neither its meaning nor its default */
export function libraryOptions(): readonly LibraryOption[] {
  const source = readFileSync(join(SRC, 'library-options.ts'), 'utf8');
  const [, fields = ''] = /^export interface FetchPagesOptions \{\n([\s\S]*?)^\}/m.exec(source) ?? [];
  return fields
    .split(/;\n/)
    .filter((field) => field.trim() !== '')
    .map((field) => {
      const [, doc, name, type] = /\/\*\*([\s\S]*?)\*\/\s*readonly (\w+)\?: ([\s\S]+)$/.exec(field) ?? [];
      const [, meaning, value, flag = ''] = /^(.+?) Default: (.+?)\.(?: (`--\S+`))?$/.exec(oneLine(doc ?? '')) ?? [];
      if (name === undefined || type === undefined || meaning === undefined || value === undefined) {
        throw new Error(`an option says neither what it is nor its default: ${field}`);
      }
      return { name, type, meaning, default: value, flag };
    });
}

export function libraryOptionsTable(): string {
  const rows = libraryOptions().map(
    (option) =>
      `| \`${option.name}\` | \`${cell(option.type)}\` | ${cell(option.meaning)} | ${cell(option.default)} | ${option.flag} |`,
  );
  return ['| option | type | meaning | default | command |', '|---|---|---|---|---|', ...rows].join('\n');
}

/** Each exported name with the first sentence of its docstring; what is the library's own first. */
export function libraryTypesTable(): string {
  const names = exportedNames().toSorted((a, b) => Number(isOwn(b)) - Number(isOwn(a)));
  const rows = names.map(({ name, doc }) => `| \`${name}\` | ${cell(firstSentence(doc))} |`);
  return ['| name | what it is |', '|---|---|', ...rows].join('\n');
}

function isOwn({ file }: Exported): boolean {
  return file.startsWith('library');
}

function firstSentence(doc: string): string {
  return /^.*?[.!](?= [A-Z@`]|$)/.exec(doc)?.[0] ?? doc;
}

function oneLine(doc: string): string {
  return doc
    .replace(/\n\s*\*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

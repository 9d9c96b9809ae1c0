// The command in a few files instead of the more than 200 modules that a run would load one by one, with the licences of what is in them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** CommonJS: of a built-in module, an import statement touches every export, and so loads half of Node. */
const OUTPUT = {
  format: 'cjs',
  strict: true,
  // What a bug of ours prints must tell where it is.
  minify: false,
  comments: { legal: true, annotation: false, jsdoc: false },
  // Beside our own texts, which are not all ASCII, its half a megabyte would take two bytes a character.
  codeSplitting: { groups: [{ name: 'undici', test: /node_modules\/undici\// }] },
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
};

/** @param folder flat, for each worker thread is looked for beside the file that starts it */
export async function bundleCommand(folder) {
  const bundle = await rolldown({
    input: {
      main: 'src/cli/main.ts',
      'file-thread-worker': 'src/stores/file-thread-worker.ts',
      'sqlite-checkpoint-worker': 'src/stores/sqlite-checkpoint-worker.ts',
    },
    platform: 'node',
  });
  const { output } = await bundle.write({ ...OUTPUT, dir: folder });
  await bundle.close();
  const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
  writeFileSync(join(folder, 'LICENSES.md'), licenses(modules));
}

/** @throws where a package has no licence that could be passed on */
function licenses(modules) {
  const packages = new Set(modules.flatMap((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []));
  const texts = [...packages].sort().map((path) => {
    const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} has no licence file: it cannot be bundled`);
    return `## ${name} ${version} (${license})\n\n${readFileSync(join(path, file), 'utf8').trim()}\n`;
  });
  return `# Packages that are part of the files beside this one\n\n${texts.join('\n')}`;
}

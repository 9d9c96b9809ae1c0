// Fills an empty dist, so that nothing of an older build is left in the package: the library as tsc compiles it, the command bundled, its man page.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { bundleCommand } from './bundle-command.js';

rmSync('dist', { recursive: true, force: true });
const compiled = node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
await bundleCommand('dist/cli');
const described = node('scripts/man-page.ts');
process.exitCode = compiled || described;

/** Its exit code. */
function node(...argv) {
  return spawnSync(process.execPath, argv, { stdio: 'inherit' }).status ?? 1;
}

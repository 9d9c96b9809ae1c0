// Compiles src into an empty dist, so that nothing of an older build is left in the package, and makes the man page.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
const compiled = node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');
const described = node('scripts/man-page.ts');
process.exitCode = compiled || described;

/** Its exit code. */
function node(...argv) {
  return spawnSync(process.execPath, argv, { stdio: 'inherit' }).status ?? 1;
}

/**
 * Where the process begins. Small on purpose: the compile cache is switched on before anything of
 * size is loaded, then one command's module and no other.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Beside the bundle, so that whoever may write our code is the only one who may write its cache.
if (import.meta.filename.endsWith('.js')) {
  enableCompileCache(join(import.meta.dirname, '.compile-cache'));
}

const { processHost } = await import('./host.ts');
const { runCli } = await import('./run-cli.ts');
const host = processHost();
process.exitCode = await runCli(process.argv.slice(2), host);
// By now the command has let go of all it held. A write that waits for a reader, which may never
// come, would keep an interrupted process alive.
if (host.interrupts.exitCode() !== undefined) process.exit();

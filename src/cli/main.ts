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

const { runProcess } = await import('./run-process.ts');
await runProcess(process.argv.slice(2));

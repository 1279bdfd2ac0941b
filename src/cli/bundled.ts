/** Where the process begins in the bundle, as main.ts does from the sources. */
import { join } from 'node:path';
import { bundleLoader } from './bundle-loader.ts';

/** Beside the bundle: whoever may write our code is the only one who may write its byte code. */
const BYTE_CODE = join(import.meta.dirname, 'byte-code');

const { version, arch, argv } = process;
// A command of its own for each, so that what one calls is not left out because another came first.
const command = /^[a-z]+$/.test(argv[2] ?? '') ? argv[2] : 'other';
const load = bundleLoader(join(BYTE_CODE, `${version}-${arch}`, `${command}`));
const { runProcess } = load(
  join(import.meta.dirname, 'process.cjs'),
) as unknown as typeof import('./run-process.ts');
void runProcess(argv.slice(2));

/** Where the process begins, from the sources; bundled.ts is its like in the bundle. */
import { runProcess } from './run-process.ts';

await runProcess(process.argv.slice(2));

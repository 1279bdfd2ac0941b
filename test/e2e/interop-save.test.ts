/** What we save, read by other tools. The table of all: npm run interop. */
import { peers } from '#test/interop/host.ts';
import { testSaveMatrix } from '#test/interop/save-matrix.ts';

testSaveMatrix(peers());

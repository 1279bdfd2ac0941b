/** Root file systems between us and other tools. The table of all: npm run interop. */
import { peers } from '#test/interop/host.ts';
import { testTreeMatrix } from '#test/interop/tree-matrix.ts';

testTreeMatrix(peers());

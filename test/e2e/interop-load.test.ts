/** What other tools write of our images, loaded by us. The table of all: npm run interop. */
import { peers } from '#test/interop/host.ts';
import { testLoadMatrix } from '#test/interop/load-matrix.ts';

testLoadMatrix(peers());

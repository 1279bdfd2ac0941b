/** Our build cases, built by other programs, too. All of them: npm run interop. */
import { testBuildMatrix } from '#test/interop/build-matrix.ts';
import { peers } from '#test/interop/host.ts';

testBuildMatrix(peers(), { all: process.env.SLIPWAY_TEST_BUILDS === 'all' });

/**
 * What goes through a registry: we push and the others pull, they push and we pull, by Debian's
 * docker-registry and by our own server. The digests are the same on both sides.
 */
import { peers } from '#test/interop/host.ts';
import { testRegistryMatrix } from '#test/interop/registry-matrix.ts';

testRegistryMatrix(peers());

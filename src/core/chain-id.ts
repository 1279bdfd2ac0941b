/** Identity of a stack of layers (image-spec config.md §Layer ChainID). */
import { type Digest, digestOf } from './digest.ts';

/** The chainID of layers given base first; undefined for no layer at all. */
export function chainIdOf(diffIds: readonly Digest[]): Digest | undefined {
  let chain: Digest | undefined;
  for (const diffId of diffIds)
    chain = chain === undefined ? diffId : digestOf(`${chain} ${diffId}`);
  return chain;
}

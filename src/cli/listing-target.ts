/** What `slipway ls` is asked about: a registry as a whole, or one repository. */
import { SlipwayError } from '#core/errors.ts';
import { familiarName, parseReference } from '#core/reference.ts';
import { registryArgument } from './registry-argument.ts';

export type ListingTarget =
  | { readonly kind: 'registry'; readonly registry: string }
  /** The name as it was typed. */
  | { readonly kind: 'repository'; readonly name: string };

/**
 * A word with a dot, a port or the name localhost is a registry where no slash follows; `debian:12` is
 * an image with its tag.
 */
const REGISTRY =
  /^(?:[^/:@]*\.[^/:@]*|localhost|\[[0-9a-fA-F:]+\]|[^/:.@]+(?=:(?:80|\d{3,5})\/*$))(?::\d+)?\/*$/;

/** @throws REFERENCE_INVALID, USAGE */
export function listingTarget(text: string): ListingTarget {
  const typed = text.replace(/^https?:\/\//, '');
  if (REGISTRY.test(typed)) return { kind: 'registry', registry: registryArgument(typed) };
  const reference = parseReference(typed.replace(/\/+$/, ''));
  if (reference.tag === undefined && reference.digest === undefined) {
    return { kind: 'repository', name: typed.replace(/\/+$/, '') };
  }
  const name = familiarName(reference);
  throw new SlipwayError('REFERENCE_INVALID', `"${text}" names one image, not a repository`, {
    hint: `slipway ls ${name} lists its tags`,
  });
}

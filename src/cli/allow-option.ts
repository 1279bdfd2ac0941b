/** `--allow` of a build: what its steps may ask for. */
import type { Entitlement } from '#core/entitlement.ts';
import { SlipwayError } from '#core/errors.ts';

const ENTITLEMENTS: readonly Entitlement[] = ['network.host', 'security.insecure'];

/** @throws USAGE */
export function allowedIn(words: readonly string[]): readonly Entitlement[] {
  return words.map((word) => {
    const found = ENTITLEMENTS.find((name) => name === word);
    if (found !== undefined) return found;
    throw new SlipwayError('USAGE', `unknown entitlement ${word}`, {
      hint: `--allow takes ${ENTITLEMENTS.join(' or ')}`,
    });
  });
}

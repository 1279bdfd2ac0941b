/** What a build with `--offline` has in the place of the network: refusals that say what was needed. */

import type { RemoteSources } from '#build/remote-sources.ts';
import type { BuildSession } from '#build/session.ts';
import { SlipwayError } from '#core/errors.ts';
import { formatReference } from '#core/reference.ts';
import { displayUrl } from '#remote/errors.ts';

/** @throws OFFLINE, from every call */
export const OFFLINE: Pick<BuildSession, 'push' | 'remote' | 'remotes'> = {
  push: (reference) => Promise.reject(offline(`push ${formatReference(reference)}`)),
  remote: (reference) =>
    Promise.reject(offline(`ask a registry for ${formatReference(reference)}`)),
  remotes: {
    display: displayUrl,
    download: (url) => Promise.reject(offline(`download ${displayUrl(url)}`)),
    git: {
      resolve: ({ remote }) => Promise.reject(offline(`fetch ${remote}`)),
      checkOut: ({ remote }) => Promise.reject(offline(`fetch ${remote}`)),
    },
  } satisfies RemoteSources,
};

export function offline(what: string): SlipwayError {
  return new SlipwayError('OFFLINE', `cannot ${what}: the build was told to stay offline`, {
    hint: 'load or copy it here first ("slipway save --for-build" bundles base images), or leave out --offline',
  });
}

/** What a build with `--offline` has in the place of the network: refusals that say what was needed. */

import type { RemoteSources } from '#build/remote-sources.ts';
import type { BuildSession } from '#build/session.ts';
import { SlipwayError } from '#core/errors.ts';
import { formatReference } from '#core/reference.ts';
import type { BuildOptions } from '#engine.ts';
import { displayUrl } from '#remote/errors.ts';

/** Outputs that need the network, before anything is built. @throws OFFLINE */
export function refuseNetworkOutputs({ bases, outputs = [], cacheTo = [] }: BuildOptions): void {
  if (bases !== 'offline') return;
  const push = outputs.some((output) => output.kind === 'image' && output.push);
  const cache = cacheTo.some(
    (target) => target.kind === 'place' && target.place.kind === 'registry',
  );
  const what = push ? 'push the image' : cache ? 'write the cache to a registry' : undefined;
  if (what === undefined) return;
  throw offline(
    what,
    push
      ? 'leave out --push and "slipway push" the image later, or leave out --offline'
      : 'write the cache to a folder (type=local,dest=cache), or leave out --offline',
  );
}

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

const BRING = 'load or copy it here first ("slipway save --for-build" bundles base images)';

export function offline(what: string, hint = `${BRING}, or leave out --offline`): SlipwayError {
  return new SlipwayError('OFFLINE', `cannot ${what}: the build was told to stay offline`, {
    hint,
  });
}

/** What a build gets from elsewhere: the client's downloads and the git program, loaded when asked for. */
import type { RemoteSources } from '#build/remote-sources.ts';
import { displayUrl } from '#remote/errors.ts';

export const remoteSources: RemoteSources = {
  download: async (url, options) => (await import('#remote/download.ts')).download(url, options),
  git: {
    resolve: async (request) => (await import('#remote/git.ts')).resolveCommit(request),
    checkOut: async (request, options) =>
      (await import('#remote/git.ts')).checkOut(request, options),
  },
  display: displayUrl,
};

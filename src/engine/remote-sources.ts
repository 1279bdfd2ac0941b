/** What a build gets from elsewhere: the client's downloads and the git program, loaded when asked for. */
import type { RemoteSources } from '#build/remote-sources.ts';
import { displayUrl } from '#remote/errors.ts';
import type { Resources } from './resources.ts';

export function remoteSources(resources: Resources): RemoteSources {
  return {
    download: async (url, options) => {
      const { origins } = await resources.registries();
      const { trace } = resources.settings;
      const { download } = await import('#remote/download.ts');
      return await download(url, { ...options, origins, ...(trace ? { trace } : {}) });
    },
    git: {
      resolve: async (request) => (await import('#remote/git.ts')).resolveCommit(request),
      checkOut: async (request, options) =>
        (await import('#remote/git.ts')).checkOut(request, options),
    },
    display: displayUrl,
  };
}

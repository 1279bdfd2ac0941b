/** Other people's programs, each on a place of a test's own, with what they need to run anywhere. */
import { type DockerStore, startDockerd } from '#test/helpers/dockerd.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import type { Host } from './host.ts';

/** Disposing removes all it has. */
export interface OpenTool extends AsyncDisposable {
  run(...words: readonly string[]): Promise<string>;
  /** Host and port of the registry beside it, for a tool that speaks to nothing else. */
  readonly registry?: string;
}

export async function openDocker(host: Host, store: DockerStore): Promise<OpenTool> {
  const dockerd = await startDockerd(host, store);
  return { run: dockerd.docker, [Symbol.asyncDispose]: () => dockerd[Symbol.asyncDispose]() };
}

/** podman or buildah, with images of their own. */
export async function openWithStore(host: Host, program: 'podman' | 'buildah'): Promise<OpenTool> {
  const place = tempFolder();
  const roots = ['--root', place.at('root'), '--runroot', place.at('runroot')];
  return {
    run: (...words) => host.run(program, ...roots, '--storage-driver', 'vfs', ...words),
    [Symbol.asyncDispose]: async () => place[Symbol.dispose](),
  };
}

export async function openSkopeo(host: Host): Promise<OpenTool> {
  // It asks nobody whose images may be copied.
  return withoutPlace((...words) => host.run('skopeo', '--insecure-policy', ...words));
}

export async function openOras(host: Host): Promise<OpenTool> {
  return withoutPlace((...words) => host.run('oras', ...words));
}

function withoutPlace(run: OpenTool['run']): OpenTool {
  return { run, [Symbol.asyncDispose]: async () => {} };
}

/** crane has a registry too. */
export async function openCrane(host: Host): Promise<OpenTool> {
  const server = host.start('crane', 'registry', 'serve', '--address', '127.0.0.1:0');
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const port = await new Promise<string>((resolve, reject) => {
    let text = '';
    for (const stream of [server.stdout, server.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const [, found] = /port (\d+)|127\.0\.0\.1:(\d+)/.exec(text)?.filter(Boolean) ?? [];
        if (found) resolve(found);
      });
    }
    server.once('exit', () => reject(new Error(`crane registry serve ended: ${text}`)));
  });
  return {
    registry: `127.0.0.1:${port}`,
    run: (...words) => host.run('crane', ...words),
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM');
      await ended;
    },
  };
}

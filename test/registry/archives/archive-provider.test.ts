/** Archives served where they lie: what is in them, under which names, and nothing else. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { writeContext } from '#test/helpers/busybox-context.ts';
import { slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

interface Served extends AsyncDisposable {
  readonly url: (path: string) => string;
  readonly address: string;
  readonly store: string;
}

async function good(argv: readonly string[], root: string): Promise<string> {
  const { exitCode, stdout, stderr } = await slipway(argv, { root });
  assert.equal(exitCode, 0, `${argv.join(' ')}\n${stderr}`);
  return stdout;
}

/** Images of a store of their own, saved; the folder's `from` store. */
async function archiveOf(folder: TempFolder, names: readonly string[], save: readonly string[]) {
  const from = folder.at('from');
  for (const [i, name] of names.entries()) {
    const dockerfile = `FROM scratch\nCOPY file /\nLABEL number=${i}\n`;
    const context = writeContext(folder.at(`context-${i}`), dockerfile, { file: `content ${i}\n` });
    await good(['build', '-q', '-t', name, context], from);
  }
  await good(['save', ...save, ...names], from);
}

async function serve(folder: TempFolder, archives: readonly string[]): Promise<Served> {
  const store = folder.at('serving');
  const argv = ['registry', 'serve', '--addr', '127.0.0.1:0', ...archives];
  const server = startSlipway(argv, { root: store });
  const address = (await server.firstLine).replace('Registry listening on http://', '');
  return {
    address,
    store,
    url: (path) => `http://${address}${path}`,
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM');
      await server.outcome;
    },
  };
}

describe('an archive', () => {
  it('is pulled from, and nothing of it is unpacked', async () => {
    using folder = tempFolder();
    const names = ['app:1', 'registry.test/team/tool:2'];
    await archiveOf(folder, names, ['-o', folder.at('images.tar')]);
    await using served = await serve(folder, [folder.at('images.tar')]);
    const catalog = await (await fetch(served.url('/v2/_catalog'))).json();
    assert.deepEqual(catalog, { repositories: ['app', 'team/tool'] });
    const tags = await (await fetch(served.url('/v2/app/tags/list'))).json();
    assert.deepEqual(tags, { name: 'app', tags: ['1'] });
    const into = folder.at('into');
    for (const path of ['app:1', 'library/app:1', 'team/tool:2', 'registry.test/team/tool:2']) {
      await good(['pull', '-q', `${served.address}/${path}`], into);
    }
    const id = async (name: string, root: string): Promise<string> =>
      await good(['inspect', '--format', '{{.Id}}', name], root);
    assert.equal(await id(`${served.address}/app:1`, into), await id('app:1', folder.at('from')));
    assert.deepEqual(readdirSync(`${served.store}/blobs/sha256`), []);
  });

  it('shows a repository no blob of another', async () => {
    using folder = tempFolder();
    await archiveOf(folder, ['a:1', 'b:1'], ['-o', folder.at('images.tar')]);
    await using served = await serve(folder, [folder.at('images.tar')]);
    const manifest = await (await fetch(served.url('/v2/a/manifests/1'))).json();
    const { digest } = (manifest as { layers: [{ digest: string }] }).layers[0];
    const mine = await fetch(served.url(`/v2/a/blobs/${digest}`));
    const bytes = Buffer.from(await mine.arrayBuffer());
    assert.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, digest);
    assert.equal((await fetch(served.url(`/v2/b/blobs/${digest}`))).status, 404);
    const part = await fetch(served.url(`/v2/a/blobs/${digest}`), {
      headers: { range: 'bytes=5-9' },
    });
    assert.equal(part.status, 206);
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(5, 10));
  });

  it('takes nothing', async () => {
    using folder = tempFolder();
    await archiveOf(folder, ['a:1'], ['-o', folder.at('images.tar')]);
    await using served = await serve(folder, [folder.at('images.tar')]);
    for (const [method, path] of [
      ['POST', '/v2/a/blobs/uploads/'],
      ['DELETE', '/v2/a/manifests/1'],
    ] as const) {
      const response = await fetch(served.url(path), { method });
      assert.equal(response.status, 405, method);
      assert.match(await response.text(), /serves archives/);
    }
  });

  it('of several, two with one name and different content are refused', async () => {
    using folder = tempFolder();
    await archiveOf(folder, ['a:1'], ['-o', folder.at('one.tar')]);
    using other = tempFolder();
    await archiveOf(other, ['x:1', 'a:1'], ['-o', other.at('two.tar')]);
    const argv = ['registry', 'serve', '--addr', '127.0.0.1:0', folder.at('one.tar')];
    const { exitCode, stderr } = await slipway([...argv, other.at('two.tar')], {
      root: folder.at('serving'),
    });
    assert.equal(exitCode, 1);
    assert.match(stderr, /has another a:1 than an archive before it/);
  });
});

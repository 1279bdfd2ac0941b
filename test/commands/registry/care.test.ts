/** `registry gc`, `retention`, `check` and `stats` by the built command, beside a server that runs. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { encodedOf } from '#core/digest.ts';
import { slipway, startSlipway } from '#test/helpers/cli-process.ts';
import {
  putBlob,
  putImage,
  type SampleImage,
  sampleBlob,
  sampleImage,
} from '#test/helpers/images.ts';
import { remoteAt } from '#test/helpers/registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

interface Running extends AsyncDisposable {
  readonly address: string;
  push(repository: string, tag: string): Promise<SampleImage>;
}

async function serve(root: string, ...argv: readonly string[]): Promise<Running> {
  const server = startSlipway(['registry', 'serve', '--addr', '127.0.0.1:0', ...argv], { root });
  const address = (await server.firstLine).replace('Registry listening on http://', '');
  return {
    address,
    push: async (repository, tag) => {
      await using remote = remoteAt(address, { repository });
      const image = await sampleImage({ layers: 1 });
      await putImage(remote, image, tag);
      return image;
    },
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM');
      await server.outcome;
    },
  };
}

async function good(root: string, ...argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await slipway(argv, { root });
  assert.equal(exitCode, 0, `${argv.join(' ')}\n${stderr}`);
  return stdout;
}

describe('registry', () => {
  test('gc beside the server: a deleted image goes, what a push may still need stays', async () => {
    using folder = tempFolder();
    const root = folder.at('store');
    await using server = await serve(root);
    const kept = await server.push('app', 'kept');
    const gone = await server.push('app', 'gone');
    {
      await using remote = remoteAt(server.address, { repository: 'app' });
      await putBlob(remote.blobs, sampleBlob());
    }
    const url = `http://${server.address}/v2/app/manifests/${gone.manifest.digest}`;
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 202);
    const blobs = () => readdirSync(`${root}/blobs/sha256`);
    const before = blobs().length;
    // The server's own hold on what it has just handled ends with the server, or in minutes.
    assert.match(await good(root, 'registry', 'gc', '--dry-run'), /^Would remove 0 blobs/);
    await server[Symbol.asyncDispose]();
    await using again = await serve(root);
    const dry = await good(root, 'registry', 'gc', '--dry-run');
    assert.match(
      dry,
      /^Would remove 3 blobs \(\d.*B\), 0 abandoned uploads \(0B\)\nTotal reclaimable/,
    );
    assert.equal(blobs().length, before);
    const real = await good(root, 'registry', 'gc');
    assert.equal(real.replace('Removed', 'Would remove').replace('reclaimed', 'reclaimable'), dry);
    assert.equal(blobs().length, before - 3);
    for (const { digest } of kept.blobs) {
      const response = await fetch(`http://${again.address}/v2/app/blobs/${digest}`);
      assert.equal(response.status, 200);
      await response.arrayBuffer();
    }
  });

  test('retention: a dry run says what would go and why, and changes nothing', async () => {
    using folder = tempFolder();
    const root = folder.at('store');
    const config = folder.at('registry.yaml');
    writeFileSync(config, 'retention: { rules: [{ repositories: app, keep-last: 1 }] }\n');
    await using server = await serve(root);
    for (const tag of ['v1', 'v2']) await server.push('app', tag);
    await server.push('other', 'v1');
    const dry = await good(root, 'registry', 'retention', '--config', config, '--dry-run');
    assert.equal(
      dry,
      'app:v1  pushed 0 h ago, never pulled; kept are the last 1\nWould remove 1 tag and 0 manifests without one\n',
    );
    const tags = async (): Promise<unknown> =>
      (await fetch(`http://${server.address}/v2/app/tags/list`)).json();
    assert.deepEqual(await tags(), { name: 'app', tags: ['v1', 'v2'] });
    await good(root, 'registry', 'retention', '--config', config);
    assert.deepEqual(await tags(), { name: 'app', tags: ['v2'] });
    const none = await slipway(['registry', 'retention'], { root });
    assert.match(none.stderr, /there are no rules of retention/);
  });

  test('check: a damaged blob is told with its repositories, exit code 1, and healed by a push', async () => {
    using folder = tempFolder();
    const root = folder.at('store');
    await using server = await serve(root);
    const { blobs } = await server.push('team/app', 'v1');
    assert.match(await good(root, 'registry', 'check'), /^Read 3 blobs \(\S+\): no problems\n$/);
    const [, layer] = blobs;
    assert.ok(layer);
    const path = `${root}/blobs/sha256/${encodedOf(layer.digest)}`;
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.from(bytes).fill(0, 600, 601).fill(1, 601, 602));
    const found = await slipway(['registry', 'check'], { root });
    assert.equal(found.exitCode, 1);
    assert.match(
      found.stdout,
      new RegExp(
        `^damaged: blob ${layer.digest} \\(sha256:\\w+\\), in team/app\nRead 3 .*: 1 problem`,
      ),
    );
    const repaired = await slipway(['registry', 'check', '--repair', '--format', 'json'], { root });
    assert.equal(repaired.exitCode, 1);
    assert.equal(JSON.parse(repaired.stdout).damaged[0].problem, 'damaged');
    assert.equal(readdirSync(`${root}/quarantine`).length, 1);
    const lost = await slipway(['registry', 'check'], { root });
    assert.match(lost.stdout, /^lost: blob sha256:\w+, in team\/app/);
    await using remote = remoteAt(server.address, { repository: 'team/app' });
    await putBlob(remote.blobs, { digest: layer.digest, bytes });
    await good(root, 'registry', 'check');
  });

  test('stats: how much, shared how often, what is biggest and least pulled', async () => {
    using folder = tempFolder();
    const root = folder.at('store');
    await using server = await serve(root);
    const image = await server.push('team/app', 'v1');
    await using remote = remoteAt(server.address, { repository: 'copy' });
    await putImage(remote, image, 'v1');
    const figures = JSON.parse(await good(root, 'registry', 'stats', '--format', 'json'));
    const bytes = image.blobs.reduce((sum, blob) => sum + blob.bytes.byteLength, 0);
    assert.deepEqual(
      { ...figures, leastPulled: figures.leastPulled.length },
      {
        repositories: 2,
        tags: 2,
        manifests: 2,
        bytes,
        shownBytes: 2 * bytes,
        uploads: 0,
        biggest: [
          { repository: 'copy', bytes },
          { repository: 'team/app', bytes },
        ],
        leastPulled: 2,
      },
    );
    const text = await good(root, 'registry', 'stats');
    assert.match(text, /^Repositories: {11}2\n/);
    assert.match(text, /\(2\.00 times that\)/);
    assert.match(text, /^team\/app:v1 +never +\S.*ago$/m);
    await (await fetch(`http://${server.address}/v2/team/app/manifests/v1`)).arrayBuffer();
    // Times of pulls are written now and then, and at the end.
    await server[Symbol.asyncDispose]();
    const later = await good(root, 'registry', 'stats');
    assert.match(later, /^LEAST PULLED.*\ncopy:v1 +never .*\nteam\/app:v1 +\S.*ago +\S.*ago$/m);
  });
});

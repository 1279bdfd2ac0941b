/** ls and search by the real command: our server, docker-registry, and a catalogue of 100,000 names. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { slipway } from '#test/helpers/cli-process.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';
import { listening } from '#test/helpers/loopback-server.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { peers } from '#test/interop/host.ts';

async function fill(address: string): Promise<void> {
  const image = await sampleImage();
  for (const [repository, tags] of Object.entries({ 'team/app': ['2', '1'], other: ['x'] })) {
    await using remote = remoteAt(address, { repository });
    for (const tag of tags) await putImage(remote, image, tag);
  }
}

async function lists(address: string): Promise<void> {
  await fill(address);
  const stdout = async (...argv: string[]): Promise<string> => {
    const outcome = await slipway(argv);
    assert.equal(outcome.exitCode, 0, outcome.stderr);
    assert.equal(outcome.stderr, '');
    return outcome.stdout;
  };
  assert.equal(await stdout('ls', address), 'other\nteam/app\n');
  assert.equal(await stdout('ls', '-n', '1', address), 'other\n');
  assert.equal(await stdout('ls', `${address}/team/app`), '1\n2\n');
  assert.equal(await stdout('ls', '--limit=1', `${address}/team/app`), '1\n');
  assert.equal(await stdout('search', '--format', '{{.Name}}', `${address}/app`), 'team/app\n');
  const missing = await slipway(['ls', `${address}/no/such`]);
  assert.equal(missing.exitCode, 1);
  assert.match(missing.stderr, /^ERROR: repository 127\.0\.0\.1:\d+\/no\/such not found/);
}

describe('names in a registry', () => {
  it('of our own server', async () => {
    await using registry = await temporaryRegistry();
    await lists(registry.address);
  });

  it('of docker-registry', async (t) => {
    const unfit = await peers().unfit('docker-registry');
    if (unfit !== undefined) return t.skip(unfit);
    await using registry = await startDockerRegistry();
    await lists(registry.address);
  });

  it('100,000 of them, in pages of a hundred', async () => {
    const names = Array.from(
      { length: 100_000 },
      (_, n) => `team/app-${String(n).padStart(6, '0')}`,
    );
    await using server = await listening(
      createServer((request, response) => {
        const url = new URL(request.url ?? '', 'http://x');
        if (url.pathname !== '/v2/_catalog') return void response.writeHead(404).end();
        const start = Number(url.searchParams.get('start') ?? 0);
        if (start + 100 < names.length) {
          response.setHeader('link', `</v2/_catalog?start=${start + 100}>; rel="next"`);
        }
        response.end(JSON.stringify({ repositories: names.slice(start, start + 100) }));
      }),
    );
    const all = await slipway(['ls', server.address]);
    assert.equal(all.stdout, names.map((name) => `${name}\n`).join(''));
    const found = await slipway([
      'search',
      '--limit=2',
      '--format={{.Name}}',
      `${server.address}/99`,
    ]);
    assert.equal(found.stdout, 'team/app-000099\nteam/app-000199\n');
  });
});

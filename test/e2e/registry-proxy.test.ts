/** The built command as a cache of Debian's docker-registry: killed while a blob comes, and pulled through by other tools. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { digestOf } from '#core/digest.ts';
import { slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { countingProxy } from '#test/helpers/counting-proxy.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { putImage, type SampleImage, sampleImage } from '#test/helpers/images.ts';
import { remoteAt } from '#test/helpers/registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 120_000;

function isMissing(tool: string): boolean {
  return spawnSync(tool, ['--version'], { stdio: 'ignore' }).error !== undefined;
}

async function serve(root: string, ...proxies: readonly string[]) {
  const flags = proxies.flatMap((proxy) => ['--proxy', proxy]);
  const running = startSlipway(['registry', 'serve', '--addr', '127.0.0.1:0', ...flags], { root });
  const line = await running.firstLine;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    running.kill(signal);
    await running.outcome;
  };
  return {
    address: line.replace('Registry listening on http://', ''),
    end,
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  };
}

async function push(address: string, repository: string, fileSize: number): Promise<SampleImage> {
  const image = await sampleImage({ codec: 'gzip', layers: 1, fileSize });
  await using remote = remoteAt(address, { repository });
  await putImage(remote, image, 'v1');
  return image;
}

test('killed while a blob comes, it goes on where it was', async (t) => {
  if (isMissing('docker-registry')) return t.skip('needs docker-registry: it is not installed');
  await using origin = await startDockerRegistry();
  using folder = tempFolder();
  const root = folder.at('store');
  const image = await push(origin.address, 'team/app', 8_000_000);
  const [layer] = image.layers;
  assert.ok(layer);
  await using line = await countingProxy(origin.address, 10);
  const first = await serve(root, `up=http://${line.address}`);
  const path = `/v2/up/team/app/blobs/${layer.digest}`;
  const broken = fetch(`http://${first.address}${path}`).then((response) => response.arrayBuffer());
  const outcome = broken.then(
    () => 'whole',
    () => 'broken',
  );
  await line.after(4_000_000);
  await first.end('SIGKILL');
  assert.equal(await outcome, 'broken');
  const before = line.counted.down;
  await using second = await serve(root, `up=http://${line.address}`);
  const response = await fetch(`http://${second.address}${path}`);
  assert.equal(digestOf(Buffer.from(await response.arrayBuffer())), layer.digest);
  const rest = line.counted.down - before;
  assert.ok(rest < layer.bytes.byteLength - 1_000_000, `${rest} bytes came once more`);
  const check = await slipway(['registry', 'check'], { root });
  assert.equal(check.exitCode, 0, check.stdout);
});

test('skopeo and our own pull by prefix, then without the upstream', async (t) => {
  if (isMissing('docker-registry')) return t.skip('needs docker-registry: it is not installed');
  if (isMissing('skopeo')) return t.skip('needs skopeo: it is not installed');
  using folder = tempFolder();
  await using cache = await (async () => {
    await using origin = await startDockerRegistry();
    const image = await push(origin.address, 'team/app', 100_000);
    const server = await serve(folder.at('store'), `up=http://${origin.address}`);
    const from = `docker://${server.address}/up/team/app:v1`;
    const to = `oci:${folder.at('one')}:v1`;
    await run('skopeo', ['copy', '--insecure-policy', '--src-tls-verify=false', from, to], {
      timeout: TIMEOUT_MS,
    });
    return { ...server, image, from };
  })();
  const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', cache.from], {
    timeout: TIMEOUT_MS,
  });
  assert.equal(JSON.parse(stdout).Digest, cache.image.manifest.digest);
  const name = `${cache.address}/up/team/app:v1`;
  const pulled = await slipway(['pull', name], { root: folder.at('other') });
  assert.equal(pulled.exitCode, 0, pulled.stderr);
});

test('skopeo by a mirror of registries.conf', async (t) => {
  if (isMissing('docker-registry')) return t.skip('needs docker-registry: it is not installed');
  if (isMissing('skopeo')) return t.skip('needs skopeo: it is not installed');
  await using origin = await startDockerRegistry();
  using folder = tempFolder();
  const image = await push(origin.address, 'library/app', 100_000);
  await using cache = await serve(folder.at('store'), `docker.io=http://${origin.address}`);
  const file = folder.at('registries.conf');
  writeFileSync(file, mirrorOf('docker.io', `${cache.address}/docker.io`));
  const { stdout } = await run(
    'skopeo',
    ['--registries-conf', file, 'inspect', '--no-tags', 'docker://docker.io/library/app:v1'],
    { timeout: TIMEOUT_MS },
  );
  assert.equal(JSON.parse(stdout).Digest, image.manifest.digest);
});

test('podman by a mirror of registries.conf', async (t) => {
  if (isMissing('docker-registry')) return t.skip('needs docker-registry: it is not installed');
  if (isMissing('podman')) return t.skip('needs podman: it is not installed');
  if (process.getuid?.() !== 0)
    return t.skip('needs root: podman keeps its storage in a folder of the test');
  await using origin = await startDockerRegistry();
  using folder = tempFolder();
  const image = await push(origin.address, 'library/app', 100_000);
  await using cache = await serve(folder.at('store'), `docker.io=http://${origin.address}`);
  const file = folder.at('registries.conf');
  writeFileSync(file, mirrorOf('docker.io', `${cache.address}/docker.io`));
  const storage = [
    '--root',
    folder.at('podman'),
    '--runroot',
    folder.at('run'),
    '--storage-driver',
    'vfs',
  ];
  const { stdout } = await run('podman', [...storage, 'pull', '-q', 'docker.io/library/app:v1'], {
    timeout: TIMEOUT_MS,
    env: { ...process.env, CONTAINERS_REGISTRIES_CONF: file },
  });
  assert.equal(`sha256:${stdout.trim()}`, image.imageId);
});

/** An entry of registries.conf. */
function mirrorOf(registry: string, location: string): string {
  return `[[registry]]\nlocation = "${registry}"\n[[registry.mirror]]\nlocation = "${location}"\ninsecure = true\n`;
}

test('an upstream with a password needs a registry that asks who somebody is', async () => {
  using folder = tempFolder();
  const { exitCode, stderr } = await slipway(['registry', 'serve', '--addr', '127.0.0.1:0'], {
    root: folder.at('store'),
    environment: {
      REGISTRY_PROXY_REMOTEURL: 'https://registry-1.docker.io',
      REGISTRY_PROXY_USERNAME: 'ana',
      REGISTRY_PROXY_PASSWORD: 'secret',
    },
  });
  assert.equal(exitCode, 1);
  assert.match(stderr, /this registry asks nobody to/);
  assert.doesNotMatch(stderr, /secret/);
});

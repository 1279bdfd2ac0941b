/** `slipway validate` by the real command, in every kind of place; damage is found where it is. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Digest } from '#core/digest.ts';
import { type CliOutcome, slipway } from '#test/helpers/cli-process.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import {
  putImage,
  putIndex,
  type SampleIndex,
  sampleImage,
  sampleIndex,
} from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { peers } from '#test/interop/host.ts';

async function filled(address: string): Promise<SampleIndex> {
  await using remote = remoteAt(address);
  const index = await sampleIndex();
  await putIndex(remote, index, 'v1');
  return index;
}

function passed({ exitCode, stdout, stderr }: CliOutcome): readonly string[] {
  assert.equal(exitCode, 0, stdout + stderr);
  return stdout.trimEnd().split('\n');
}

async function inRegistry(address: string): Promise<void> {
  const { manifest, images } = await filled(address);
  const name = `${address}/test/app:v1`;
  const [index, ...rest] = passed(await slipway(['validate', name]));
  assert.equal(index, `  ok   ${manifest.digest} index`);
  assert.deepEqual(
    rest.map((line) => line.replace(/, 2 layers, .*/, '')),
    [
      ...images.map(
        ({ manifest: { digest }, config }) => `  ok   ${digest} linux/${config.architecture}`,
      ),
      `PASS: ${name}`,
    ],
  );
  assert.deepEqual(passed(await slipway(['validate', '--fast', name])).at(-1), `PASS: ${name}`);
}

/** Changes one byte of what lies in a file. */
function damage(path: string, offset: number): void {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, offset);
  writeSync(file, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, offset);
  closeSync(file);
}

async function finds(place: string, root: string, where: RegExp): Promise<void> {
  // Quick is not thorough: the content of layers is not read. First, since a store drops what is damaged.
  passed(await slipway(['validate', '--fast', place], { root }));
  const { exitCode, stdout } = await slipway(['validate', place], { root });
  assert.equal(exitCode, 1, stdout);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.at(-1), `FAIL: ${place}`);
  const bad = lines.filter((line) => line.startsWith('  BAD '));
  assert.equal(bad.length, 1, stdout);
  assert.match(bad[0] ?? '', where);
}

describe('validate', () => {
  it('an image of our own registry', async () => {
    await using registry = await temporaryRegistry();
    await inRegistry(registry.address);
  });

  it('an image of docker-registry', async (t) => {
    const unfit = await peers().unfit('docker-registry');
    if (unfit !== undefined) return t.skip(unfit);
    await using registry = await startDockerRegistry();
    await inRegistry(registry.address);
  });

  it('store, OCI layout, docker archive and bundle: right, then with one byte changed', async () => {
    using folder = tempFolder();
    const root = folder.at('store');
    await using registry = await temporaryRegistry();
    await using remote = remoteAt(registry.address);
    const image = await sampleImage({ fileSize: 5000 });
    await putImage(remote, image, 'v1');
    const name = `${registry.address}/test/app:v1`;
    passed(await slipway(['pull', '-q', name], { root }));
    passed(await slipway(['save', '-o', folder.at('x.tar'), name], { root }));
    passed(await slipway(['copy', name, `oci:${folder.at('layout')}:v1`], { root }));
    const places = [
      `store:${name}`,
      `oci:${folder.at('layout')}`,
      folder.at('x.tar'),
      `bundle:${folder.at('x.tar')}`,
    ];
    for (const place of places) {
      assert.equal(passed(await slipway(['validate', place], { root })).at(-1), `PASS: ${place}`);
    }
    const second = image.layers[1];
    assert.ok(second);
    const where = new RegExp(
      `${image.manifest.digest} linux/amd64: layer 2 of 2 ${second.digest}: `,
    );
    damage(blobIn(folder.at('layout'), second.digest), 1000);
    await finds(`oci:${folder.at('layout')}`, root, where);
    damage(folder.at('x.tar'), readFileSync(folder.at('x.tar')).indexOf(second.bytes) + 1000);
    await finds(folder.at('x.tar'), root, where);
    damage(blobIn(root, second.digest), 1000);
    await finds(`store:${name}`, root, where);
  });

  it('several places: each is told of, and one that is wrong makes the exit code', async () => {
    using folder = tempFolder();
    const root = folder.at('store');
    await using registry = await temporaryRegistry();
    await filled(registry.address);
    const name = `${registry.address}/test/app:v1`;
    writeFileSync(folder.at('x.tar'), 'no archive');
    const argv = [
      'validate',
      '--format',
      'json',
      `${registry.address}/none:1`,
      folder.at('x.tar'),
      name,
    ];
    const { exitCode, stdout, stderr } = await slipway(argv, { root });
    assert.equal(exitCode, 1);
    assert.match(
      stderr,
      /^ERROR: repository .* not found: name unknown: [\s\S]*\nERROR: .* is not a tar/,
    );
    const { place, valid, manifests } = JSON.parse(stdout);
    assert.deepEqual([place, valid, manifests.length], [name, true, 3]);
  });
});

function blobIn(folder: string, digest: Digest): string {
  return `${folder}/blobs/${digest.replace(':', '/')}`;
}

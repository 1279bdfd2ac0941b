/** sign, verify and a key pair by the real command: in registries with the referrers API and without, and elsewhere. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type CliOutcome, slipway } from '#test/helpers/cli-process.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { temporaryRegistry } from '#test/helpers/registry.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import { peers } from '#test/interop/host.ts';

const noDockerRegistry = await peers().unfit('docker-registry');

interface Signer {
  run(...argv: readonly string[]): Promise<CliOutcome>;
  done(...argv: readonly string[]): Promise<CliOutcome>;
}

/** With a pair `cosign.key` and `cosign.pub`, and another one `other.pub`, in the folder it works in. */
async function signerIn(folder: TempFolder): Promise<Signer> {
  const run: Signer['run'] = (...argv) =>
    slipway(argv, {
      root: folder.at('store'),
      cwd: folder.path,
      environment: { COSIGN_PASSWORD: 'pw' },
    });
  const done: Signer['done'] = async (...argv) => {
    const outcome = await run(...argv);
    assert.equal(outcome.exitCode, 0, outcome.stderr);
    return outcome;
  };
  await done('generate-key-pair');
  await done('generate-key-pair', '--output-key-prefix', 'other');
  mkdirSync(folder.at('context'));
  writeFileSync(folder.at('context/Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
  return { run, done };
}

async function signAndVerify(address: string): Promise<void> {
  using folder = tempFolder();
  const { run, done } = await signerIn(folder);
  const image = `${address}/team/app:1`;
  await done('build', '-q', '--push', '-t', image, 'context');
  const missing = await run('verify', '--key', 'cosign.pub', image);
  assert.deepEqual([missing.exitCode, missing.stdout], [1, '']);
  assert.match(missing.stderr, /no signatures found/);
  for (const mode of ['legacy', 'oci-1-1']) {
    const signing = await done(
      ...['sign', '--key', 'cosign.key', '-y', '--tlog-upload=false', '-a', `mode=${mode}`],
      ...['--registry-referrers-mode', mode, image],
    );
    assert.equal(signing.stderr, `Pushing signature to: ${address}/team/app\n`);
    const { stdout, stderr } = await done(
      'verify',
      '--key',
      'cosign.pub',
      '-a',
      `mode=${mode}`,
      image,
    );
    assert.match(stderr, new RegExp(`^\nVerification for ${image} --\n`));
    const [claims, ...others] = JSON.parse(stdout);
    assert.equal(others.length, 0);
    assert.equal(claims.critical.identity['docker-reference'], `${address}/team/app`);
    assert.deepEqual(claims.optional, { mode });
  }
  const both = await done('verify', '--key', 'cosign.pub', image);
  assert.equal(JSON.parse(both.stdout).length, 2);
  const wrong = await run('verify', '--key', 'other.pub', image);
  assert.equal(wrong.exitCode, 1);
  assert.match(wrong.stderr, /no matching signatures/);
}

describe('signatures', () => {
  it('in our registry, by tag and by subject', async () => {
    await using registry = await temporaryRegistry();
    await signAndVerify(registry.address);
  });

  it('in a registry without the referrers API', { skip: noDockerRegistry }, async () => {
    await using registry = await startDockerRegistry();
    await signAndVerify(registry.address);
  });

  it('in the local store and an OCI folder; they go where the image goes', async () => {
    using folder = tempFolder();
    const { run, done } = await signerIn(folder);
    await done('build', '-q', '-t', 'app:1', 'context');
    await done('sign', '--key', 'cosign.key', 'store:app:1');
    await done('verify', '--key', 'cosign.pub', 'store:app:1');
    const again = await done('sign', '--key', 'cosign.key', 'store:app:1');
    assert.match(again.stderr, /^Signed already by this key: store:app@sha256:/);
    await done('save', '-o', 'x.tar', 'app:1');
    await done('verify', '--key', 'cosign.pub', '--container-identity', 'store:app:1', './x.tar');
    const sealed = await run('sign', '--key', 'cosign.key', './x.tar');
    assert.equal(sealed.exitCode, 1);
    assert.match(sealed.stderr, /nothing can be added to an archive/);
    await done('build', '-q', '-o', 'type=oci,dest=layout,tar=false', '-t', 'app:1', 'context');
    await done('sign', '--key', 'cosign.key', '--registry-referrers-mode', 'oci-1-1', 'oci:layout');
    await done('verify', '--key', 'cosign.pub', 'oci:layout');
  });

  it('an index: itself, and with -r all that it lists', async () => {
    await using registry = await temporaryRegistry();
    using folder = tempFolder();
    const { run, done } = await signerIn(folder);
    const image = `${registry.address}/app:1`;
    const platforms = 'linux/amd64,linux/arm64';
    await done('build', '-q', '--push', '--platform', platforms, '-t', image, 'context');
    await done('sign', '--key', 'cosign.key', image);
    const signing = await done('sign', '-r', '--key', 'cosign.key', image);
    const lines = signing.stderr.trimEnd().split('\n');
    assert.equal(lines.filter((line) => line.startsWith('Pushing')).length, 2);
    assert.equal(lines.filter((line) => line.startsWith('Signed already')).length, 1);
    await done('verify', '--key', 'cosign.pub', image);
    const other = await run('verify', '--key', 'other.pub', image);
    assert.equal(other.exitCode, 1);
  });

  it('what is missing is said: a key, a password, a log', async () => {
    using folder = tempFolder();
    const { run } = await signerIn(folder);
    const told = async (...argv: readonly string[]): Promise<string> => {
      const outcome = await run(...argv);
      assert.equal(outcome.exitCode, 1);
      return outcome.stderr;
    };
    assert.match(await told('sign', 'app'), /requires --key/);
    assert.match(await told('verify', 'app'), /requires --key/);
    assert.match(await told('sign', '--key', 'none', 'app'), /open none: no such file/);
    assert.match(await told('sign', '--key', 'cosign.pub', 'app'), /holds no key/);
    assert.match(await told('verify', '--key', 'cosign.key', 'app'), /encrypted private key/);
    assert.match(
      await told('sign', '--tlog-upload', '--key', 'cosign.key', 'app'),
      /no transparency log/,
    );
    assert.match(await told('sign', '-a', 'x', '--key', 'cosign.key', 'app'), /expected key=value/);
  });
});

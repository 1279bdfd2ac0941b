/** cosign verifies what we sign, and we what it signs: each kind of key, each place of signatures, two servers. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type CliOutcome, slipway } from '#test/helpers/cli-process.ts';
import { startDockerRegistry } from '#test/helpers/docker-registry.ts';
import { temporaryRegistry } from '#test/helpers/registry.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';
import { peers } from '#test/interop/host.ts';

const host = peers();
const missing = await host.unfit('cosign');
const noCosign =
  missing && `${missing} (go install github.com/sigstore/cosign/v2/cmd/cosign@v2.6.1)`;

const SERVERS = {
  'our server': { start: temporaryRegistry, skip: noCosign },
  'docker-registry': {
    start: startDockerRegistry,
    skip: noCosign ?? (await host.unfit('docker-registry')),
  },
} as const;

const ENVIRONMENT = { COSIGN_PASSWORD: 'pw', COSIGN_EXPERIMENTAL: '1' };
const WORDS = Object.entries(ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
const SIGN = ['sign', '-y', '--tlog-upload=false', '--key'];
const VERIFY = ['verify', '--insecure-ignore-tlog', '--key'];
const PLAIN = ['--allow-http-registry'];

function cosign(...argv: readonly string[]): Promise<string> {
  return host.run('env', ...WORDS, 'cosign', ...argv);
}

async function done(folder: TempFolder, ...argv: readonly string[]): Promise<CliOutcome> {
  const root = folder.at('store');
  const outcome = await slipway(argv, { root, cwd: folder.path, environment: ENVIRONMENT });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  return outcome;
}

async function pushed(folder: TempFolder, address: string): Promise<string> {
  mkdirSync(folder.at('context'));
  writeFileSync(folder.at('context/Dockerfile'), `FROM scratch\nLABEL at=${address}\n`);
  const name = `${address}/app`;
  await done(folder, 'build', '-q', '--push', '-t', `${name}:1`, 'context');
  const { stdout } = await done(folder, 'push', '-q', `${name}:1`);
  assert.equal(stdout, `${name}:1\n`);
  return `${name}:1`;
}

for (const [server, { start, skip }] of Object.entries(SERVERS)) {
  describe(server, () => {
    for (const mode of ['legacy', 'oci-1-1']) {
      const asCosign = [...PLAIN, `--experimental-oci11=${mode === 'oci-1-1'}`];

      it(`${mode}: cosign verifies ours, and ours beside its own`, { skip }, async () => {
        using folder = tempFolder();
        await using registry = await start();
        const image = await pushed(folder, registry.address);
        // Of several manifests of signatures cosign looks at the one that is listed last, whichever it is.
        for (const type of mode === 'legacy' ? ['ecdsa-p256', 'ed25519'] : ['ecdsa-p256']) {
          const prefix = folder.at(type);
          await done(folder, 'generate-key-pair', '--type', type, '--output-key-prefix', prefix);
          const ours = ['--registry-referrers-mode', mode, '-a', `by=${type}`];
          await done(folder, ...SIGN, `${prefix}.key`, ...ours, image);
          const claims = await cosign(
            ...[...VERIFY, `${prefix}.pub`, ...asCosign, '-a', `by=${type}`, image],
          );
          assert.deepEqual(JSON.parse(claims)[0].optional, { by: type });
        }
        const first = folder.at('ecdsa-p256.pub');
        assert.ok(await cosign(...VERIFY, first, ...asCosign, image), 'the first is still there');
        await assert.rejects(cosign(...VERIFY, first, ...asCosign, '-a', 'by=x', image));
      });

      it(`${mode}: we verify cosign's, ours beside it`, { skip }, async () => {
        using folder = tempFolder();
        await using registry = await start();
        const image = await pushed(folder, registry.address);
        await cosign('generate-key-pair', '--output-key-prefix', folder.at('theirs'));
        const theirs = ['--registry-referrers-mode', mode, '-a', 'by=cosign', ...PLAIN];
        await cosign(...SIGN, folder.at('theirs.key'), ...theirs, image);
        await done(folder, ...SIGN, 'theirs.key', '-a', 'by=slipway', image);
        const { stdout } = await done(folder, ...VERIFY, 'theirs.pub', image);
        const claims: readonly { readonly optional: { readonly by: string } }[] =
          JSON.parse(stdout);
        assert.deepEqual(claims.map(({ optional }) => optional.by).sort(), ['cosign', 'slipway']);
      });
    }

    it('an RSA key that cosign imported', { skip }, async () => {
      using folder = tempFolder();
      await using registry = await start();
      const image = await pushed(folder, registry.address);
      await host.run('openssl', 'genrsa', '-out', folder.at('rsa.pem'), '2048');
      const prefix = ['--output-key-prefix', folder.at('rsa')];
      await cosign('import-key-pair', '--key', folder.at('rsa.pem'), ...prefix);
      await done(folder, ...SIGN, 'rsa.key', image);
      assert.ok(await cosign(...VERIFY, folder.at('rsa.pub'), ...PLAIN, image));
    });
  });
}

/** Provenance and SBOMs of builds: beside the image, wherever it goes, and nothing without a request. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ATTESTATION_TYPE, type AttestRequest, PREDICATE_ANNOTATION } from '#core/attestation.ts';
import type { Digest } from '#core/digest.ts';
import { decodeManifest } from '#core/manifest.ts';
import { formatPlatform, hostPlatform } from '#core/platform.ts';
import { parseReference } from '#core/reference.ts';
import { LocalStore } from '#store/local-store.ts';
import { withEngine } from '#test/helpers/engine.ts';
import { collect } from '#test/helpers/images.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';

const host = hostPlatform(process.arch);
const own = formatPlatform(host);
const other = { os: 'linux', architecture: 's390x' };
const max: AttestRequest = {
  tool: 'slipway-test',
  sbom: true,
  provenance: { mode: 'max', isReproducible: false, builderId: 'https://ci.example/7' },
};
const DOCKERFILE = `ARG BASE
FROM $BASE
ARG WORD
COPY status /var/lib/dpkg/status
LABEL word=$WORD
`;
const FILES = { status: 'Package: p\nStatus: install ok installed\nVersion: 1\n' };

interface Statement {
  readonly predicateType: string;
  readonly subject: readonly {
    readonly name: string;
    readonly digest: { readonly sha256: string };
  }[];
  // biome-ignore lint/suspicious/noExplicitAny: a document of another's form, looked at field by field
  readonly predicate: any;
}

/** The statements about the manifests of a name, by predicate type. */
async function statementsIn(
  root: string,
  space: 'images' | 'registry',
  name: string,
): Promise<{ readonly subjects: readonly Digest[]; readonly statements: readonly Statement[] }> {
  await using store = await LocalStore.open({ root });
  await using lease = await store.lease({ purpose: 'test' });
  const repository = store.repository({ space, name, lease });
  const top = await repository.getManifest('1');
  const manifest = decodeManifest(top);
  const subjects =
    manifest.kind === 'index' ? manifest.manifests.map(({ digest }) => digest) : [top.digest];
  const statements: Statement[] = [];
  for (const subject of subjects) {
    for (const { digest, artifactType } of await repository.referrers(subject)) {
      assert.equal(artifactType, ATTESTATION_TYPE);
      const about = decodeManifest(await repository.getManifest(digest));
      assert.equal(about.subject?.digest, subject);
      for (const layer of about.kind === 'image' ? about.layers : []) {
        const text = (await collect(repository.blobs.read(layer.digest))).toString();
        const statement: Statement = JSON.parse(text);
        assert.equal(layer.annotations?.[PREDICATE_ANNOTATION], statement.predicateType);
        assert.equal(`sha256:${statement.subject[0]?.digest.sha256}`, subject);
        statements.push(statement);
      }
    }
  }
  return { subjects, statements };
}

test('statements about each platform, pushed and saved with the image, replaced by a later build', async () => {
  await using registry = await temporaryRegistry();
  const base = `${registry.address}/base:1`;
  const name = `${registry.address}/app:1`;
  await withEngine({}, async ({ engine, context, build, folder }) => {
    const platforms = [host, other];
    await build({
      context: context({ Dockerfile: 'FROM scratch\nCOPY init /\n' }),
      tags: [base],
      platforms,
    });
    const { manifest: pushedBase } = await engine.push(base);
    const place = context({ Dockerfile: DOCKERFILE, ...FILES });
    const options = { context: place, tags: [name], platforms, attest: max };
    const buildArgs = { BASE: base, WORD: 'said' };
    const first = await build({ ...options, buildArgs });
    await build({ ...options, buildArgs });
    const plain = await build({ context: place, tags: ['plain:1'], buildArgs, platforms });
    assert.equal((await engine.images()).length, 2, 'statements are no images');
    const { manifest } = await engine.push(name);
    assert.equal(manifest.digest, first.manifest.digest, 'one digest here and there');
    assert.notEqual(plain.manifest.digest, first.manifest.digest);
    const archive = join(folder, 'app.tar');
    await engine.save([name], archive);
    await withEngine({}, async (elsewhere) => {
      await elsewhere.engine.load(archive);
      const root = join(elsewhere.folder, 'store');
      const { statements } = await statementsIn(root, 'images', name.slice(0, -2));
      assert.equal(statements.length, 4, 'loaded');
    });
    const here = await statementsIn(join(folder, 'store'), 'images', name.slice(0, -2));
    assert.equal(here.statements.length, 4);
    const [sbom, provenance] = here.statements;
    assert.equal(sbom?.predicateType, 'https://spdx.dev/Document');
    assert.equal(sbom.predicate.packages.length, 2);
    assert.equal(provenance?.predicateType, 'https://slsa.dev/provenance/v1');
    const { buildDefinition, runDetails } = provenance.predicate;
    assert.deepEqual(buildDefinition.externalParameters.request.args, {
      'build-arg:BASE': base,
      'build-arg:WORD': 'said',
      platform: own,
    });
    const [material] = buildDefinition.resolvedDependencies;
    assert.match(material.uri, /^pkg:docker\/127\.0\.0\.1%3A\d+\/base@1\?platform=/);
    assert.ok(material.digest.sha256 && pushedBase.digest);
    assert.equal(runDetails.builder.id, 'https://ci.example/7');
    assert.equal(runDetails.metadata.buildkit_hermetic, true);
    assert.equal(provenance.subject[0]?.name, expectedName(name));
    await using remote = remoteAt(registry.address, { repository: 'app' });
    assert.equal((await remote.resolve('1')).digest, first.manifest.digest);
  });
  const { statements } = await statementsIn(registry.store.paths.root, 'registry', 'app');
  assert.equal(statements.length, 4, 'pushed');
});

function expectedName(name: string): string {
  const { registry, repository, tag } = parseReference(name);
  return `pkg:docker/${encodeURIComponent(registry)}/${repository}@${tag}?platform=${encodeURIComponent(own)}`;
}

test('min leaves out arguments, steps and the Dockerfile', () =>
  withEngine({}, async ({ context, build, folder }) => {
    const attest: AttestRequest = {
      tool: 'slipway-test',
      sbom: false,
      provenance: { mode: 'min', isReproducible: true },
    };
    const Dockerfile = 'FROM scratch\nARG WORD\nCOPY init /\nLABEL a=b\n';
    const buildArgs = { WORD: 'private' };
    const labels = { l: 'private' };
    await build({ context: context({ Dockerfile }), tags: ['app:1'], attest, buildArgs, labels });
    const root = join(folder, 'store');
    const { statements } = await statementsIn(root, 'images', 'docker.io/library/app');
    assert.equal(statements.length, 1);
    assert.doesNotMatch(JSON.stringify(statements), /private|COPY|secrets/);
    const { buildDefinition, runDetails } = statements[0]?.predicate ?? {};
    assert.deepEqual(buildDefinition.externalParameters.request.args, { platform: own });
    assert.equal(runDetails.metadata.buildkit_reproducible, true);
    assert.equal(runDetails.metadata.buildkit_completeness.request, false);
  }));

test('a secret does not get into a statement, and the statements go with the image', () =>
  withEngine({}, async ({ engine, context, build, folder }) => {
    const place = context({ Dockerfile: 'FROM scratch\nARG T\nCOPY status /\n', ...FILES });
    const options = { context: place, tags: ['app:1'], attest: max };
    const secrets = { t: { kind: 'value', value: 'hush-hush' } } as const;
    await assert.rejects(build({ ...options, secrets, buildArgs: { T: 'hush-hush' } }), {
      code: 'SECRET_LEAKED',
    });
    await build(options);
    assert.equal((await namesIn(folder)).length, 2);
    await engine.removeImage('app:1');
    assert.deepEqual(await namesIn(folder), []);
  }));

async function namesIn(folder: string) {
  await using store = await LocalStore.open({ root: join(folder, 'store') });
  return store.images.list();
}

test('an OCI layout has them beside the image', () =>
  withEngine({}, async ({ context, build, folder }) => {
    const destination = join(folder, 'layout');
    await build({
      context: context({ Dockerfile: 'FROM scratch\nCOPY init /\n' }),
      tags: ['app:1'],
      attest: max,
      outputs: [{ kind: 'layout', destination, format: { docker: false } }],
    });
    const index = readFileSync(join(destination, 'index.json'), 'utf8');
    assert.equal(JSON.parse(index).manifests.length, 2);
    assert.ok(existsSync(join(destination, 'oci-layout')));
  }));

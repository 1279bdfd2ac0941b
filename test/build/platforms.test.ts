/**
 * Builds for several platforms: what they share is done once, each has its arguments and its base, the
 * result is one index. Against a registry on loopback; only steps of this machine's platform run.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import type { Event } from '#core/events.ts';
import { decodeManifest } from '#core/manifest.ts';
import { formatPlatform, hostPlatform, type Platform, parsePlatform } from '#core/platform.ts';
import type { Repository } from '#core/repository.ts';
import { exitProgram } from '#runtime/foreign-program.ts';
import { readConfig } from '#store/read-config.ts';
import { cannotRunContainers, withEngine } from '#test/helpers/engine.ts';
import { remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';

const skip = cannotRunContainers();
const host = hostPlatform(process.arch);
const own = formatPlatform(host);
/** Two that this machine is not. */
const others = ['linux/riscv64', 'linux/s390x', 'linux/arm/v7'].filter((name) => name !== own);
const platforms = [own, ...others.slice(0, 2)].map((name) => parsePlatform(name, host));
const [, foreign = host] = platforms;

const CROSS = `FROM --platform=$BUILDPLATFORM scratch AS build
COPY init /bin/init
RUN ["init", "write", "/shared", "x"]
ARG TARGETPLATFORM
COPY <<EOF /out
$TARGETPLATFORM
EOF
FROM scratch
ARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM
COPY --from=build /out /out
LABEL target=$TARGETPLATFORM parts=$TARGETOS-$TARGETARCH-$TARGETVARIANT build=$BUILDPLATFORM
`;

function steps(events: readonly Event[]): readonly string[] {
  return events.flatMap((event) =>
    event.kind === 'vertex-started' && event.name.startsWith('[') ? [event.name] : [],
  );
}

/** The images of an index, as their configs say. */
async function imagesIn(repository: Repository, selector: string) {
  const index = decodeManifest(await repository.getManifest(selector));
  assert.equal(index.kind, 'index');
  const images = index.manifests.map(async ({ digest, platform, annotations }) => {
    const image = decodeManifest(await repository.getManifest(digest));
    assert.equal(image.kind, 'image');
    const config = await readConfig(repository.blobs, image);
    return { platform, annotations, image, config };
  });
  return { index, images: await Promise.all(images) };
}

test('equal steps run once, the others for each platform, under its name', { skip }, () =>
  withEngine({}, async ({ context, build }) => {
    const folder = context({ Dockerfile: CROSS });
    const built = await build({ context: folder, tags: ['app:1'], platforms });
    const names = steps(built.events);
    const arrows = platforms.map((platform) => {
      const { architecture, variant } = platform;
      const arrow = platform === host || formatPlatform(platform) === own;
      return arrow ? '' : `->${architecture}${variant ? `/${variant}` : ''}`;
    });
    assert.deepEqual(
      names.filter((name) => !name.startsWith('[internal')).sort(),
      [
        `[${own} build 1/3] COPY init /bin/init`,
        `[${own} build 2/3] RUN ["init", "write", "/shared", "x"]`,
        ...arrows.map((arrow) => `[${own}${arrow} build 3/3] COPY <<EOF /out`),
        ...platforms.map(
          (platform) => `[${formatPlatform(platform)} stage-1 1/1] COPY --from=build /out /out`,
        ),
      ].sort(),
    );
    assert.deepEqual(built.steps, { run: 2 + 2 * platforms.length, cached: 0 });
    const again = await build({ context: folder, tags: ['app:1'], platforms });
    assert.equal(again.steps.run, 0);
    assert.equal(again.manifest.digest, built.manifest.digest);
  }),
);

test('the index lists each platform, whose image has its arguments', { skip }, async () => {
  await using registry = await temporaryRegistry();
  await withEngine({}, async ({ engine, context, build }) => {
    const name = `${registry.address}/app:1`;
    const built = await build({
      context: context({ Dockerfile: CROSS }),
      tags: [name],
      platforms,
      annotations: [
        { on: 'index', key: 'i', value: '1' },
        { on: 'manifest', key: 'm', value: '2' },
        { on: 'manifest', key: 'own', value: '3', platform: foreign },
        { on: 'manifest-descriptor', key: 'd', value: '4', platform: foreign },
      ],
    });
    assert.equal(built.imageId, built.manifest.digest);
    const { manifest } = await engine.push(name);
    await using remote = remoteAt(registry.address, { repository: 'app' });
    const { index, images } = await imagesIn(remote, '1');
    assert.equal((await remote.resolve('1')).digest, manifest.digest);
    assert.deepEqual(index.annotations, { i: '1' });
    assert.deepEqual(
      images.map(({ platform }) => platform && formatPlatform(platform)),
      platforms.map(formatPlatform),
    );
    for (const { platform, annotations, image, config } of images) {
      assert(platform);
      const { os, architecture, variant = '' } = platform;
      const isForeign = formatPlatform(platform) === formatPlatform(foreign);
      assert.deepEqual(annotations, isForeign ? { d: '4' } : undefined);
      assert.deepEqual(image.annotations, isForeign ? { m: '2', own: '3' } : { m: '2' });
      assert.deepEqual(
        [config.os, config.architecture, config.variant ?? ''],
        [os, architecture, variant],
      );
      assert.deepEqual(config.config.Labels, {
        target: formatPlatform(platform),
        parts: `${os}-${architecture}-${variant}`,
        build: own,
      });
    }
    const [tree] = await engine.imageTrees();
    assert.deepEqual(
      tree?.platforms.map(({ isHere }) => isHere),
      platforms.map(() => true),
    );
  });
});

test('a base comes for each platform, stays under its name, and serves offline builds', async () => {
  await using registry = await temporaryRegistry();
  const base = `${registry.address}/base:1`;
  await withEngine({}, async ({ engine, context, build }) => {
    const Dockerfile =
      'FROM scratch\nARG TARGETPLATFORM\nCOPY <<EOF /platform\n$TARGETPLATFORM\nEOF\n';
    await build({ context: context({ Dockerfile }), tags: [base], platforms });
    await engine.push(base);
  });
  await withEngine({}, async ({ engine, context, build, folder }) => {
    const Dockerfile = `FROM --platform=$BUILDPLATFORM ${base} AS here
FROM ${base}
COPY --from=here /platform /built-on
`;
    const made = async (of: readonly Platform[], bases: 'local' | 'offline') => {
      const output = join(folder, `out-${of.length}-${bases}`);
      await build({
        context: context({ Dockerfile }),
        platforms: of,
        bases,
        outputs: [{ kind: 'local', destination: output, platformSplit: true }],
      });
      return of.map((platform) => {
        const below = join(output, formatPlatform(platform).replaceAll('/', '_'));
        return ['platform', 'built-on'].map((file) =>
          readFileSync(join(below, file), 'utf8').trim(),
        );
      });
    };
    assert.deepEqual(await made([foreign], 'local'), [[formatPlatform(foreign), own]]);
    const wanted = platforms.map((platform) => [formatPlatform(platform), own]);
    assert.deepEqual(await made(platforms, 'local'), wanted);
    assert.deepEqual(await made(platforms, 'offline'), wanted);
    const [image] = await engine.images();
    assert.equal(image?.config.architecture, host.architecture);
    assert.equal((await engine.images()).length, 1, 'one name, one image');
  });
});

test('what is here for another platform only is told so', async () => {
  await withEngine({}, async ({ context, build }) => {
    await build({
      context: context({ Dockerfile: 'FROM scratch\nLABEL a=b\n' }),
      tags: ['base:1'],
    });
    const Dockerfile = 'FROM base:1\nLABEL c=d\n';
    await assert.rejects(
      build({ context: context({ Dockerfile }), platforms: [foreign], bases: 'offline' }),
      (error) =>
        isSlipwayError(error, 'BASE_UNKNOWN') &&
        (error.hint ?? '').startsWith(`base:1 is here for ${own} only`),
    );
  });
});

test('a RUN that cannot run here says what is missing', { skip }, async (t) => {
  if (existsSync(`/proc/sys/fs/binfmt_misc/qemu-${foreign.architecture}`)) {
    return t.skip(`this machine runs programs for ${formatPlatform(foreign)}`);
  }
  const program = exitProgram(foreign.architecture) ?? Buffer.alloc(0);
  await withEngine({}, async ({ context, build }) => {
    const folder = context({
      Dockerfile: 'FROM scratch\nCOPY --chmod=755 program /program\nRUN ["/program"]\n',
    });
    writeFileSync(join(folder, 'program'), program);
    await assert.rejects(build({ context: folder, platforms: [foreign] }), (error) => {
      assert(isSlipwayError(error, 'PLATFORM_NOT_RUNNABLE'));
      assert.match(error.message, /^cannot run commands for .*: exec format error$/);
      assert.match(error.hint ?? '', /qemu-user-static/);
      return true;
    });
  });
});

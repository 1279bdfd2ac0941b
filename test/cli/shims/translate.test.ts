/** Command lines of docker, buildah, podman and kaniko, and what they are in our words. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PROGRAMS } from '#cli/shims/programs.ts';
import { type Translation, translate } from '#cli/shims/translate.ts';
import { isSlipwayError } from '#core/errors.ts';
import Build from '../../../src/commands/build.ts';
import Push from '../../../src/commands/push.ts';

interface Surroundings {
  /** Paths that are there. */
  readonly files?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

function translated(line: string, { files = [], environment = {} }: Surroundings = {}) {
  const [name = '', ...argv] = line.split(' ').filter((word) => word !== '');
  const program = PROGRAMS[name];
  assert.ok(program, name);
  return translate(program, argv, {
    version: '1.2.3',
    place: { exists: (path) => files.includes(path), variable: (one) => environment[one] },
    commands: {
      knows: ([first = '', second = '']) =>
        ['images', 'help', 'manifest', 'tag', 'version'].includes(first) ||
        `${first} ${second}` === 'buildx du',
      flagsOf: async (id) => (id === 'push' ? Push.flags : Build.flags),
    },
  });
}

type PlanOf = Extract<Translation, { kind: 'plan' }>;

async function planOf(line: string, surroundings?: Surroundings): Promise<PlanOf> {
  const result = await translated(line, surroundings);
  assert.equal(result.kind, 'plan', line);
  return result as PlanOf;
}

/** Theirs → ours, line by line; what is not `files` is not there. */
const LINES: readonly (readonly [theirs: string, ours: string, surroundings?: Surroundings])[] = [
  ['docker build .', 'build .'],
  ['docker build -t a:1 -t b -f d/D .', 'build --file=d/D --tag=a:1 --tag=b .'],
  ['docker image build -q .', 'build --quiet=true .'],
  ['docker buildx b --load --push .', 'build --load=true --push=true .'],
  ['docker builder build --rm=false --force-rm --compress .', 'build .'],
  ['docker -D build .', '--debug build .'],
  ['docker --log-level debug build .', '--debug build .'],
  ['docker --context default images -a', 'images -a'],
  ['docker build --add-host a:1,b:2 .', 'build --add-host=a:1 --add-host=b:2 .'],
  ['docker build --progress=none .', 'build --progress=quiet .'],
  ['docker build --provenance=false --sbom=false .', 'build --provenance=false --sbom=false .'],
  [
    'docker buildx build --resource memory=2g --resource cpu-quota=5 .',
    'build --memory=2g --cpu-quota=5 .',
  ],
  ['docker build --print=outline .', 'build --call=outline .'],
  ['docker build --squash .', 'build --squash=true .'],
  ['docker build --explain .', 'build --explain=true .'],
  ['docker build --help', 'help build'],
  ['docker manifest inspect -v app:1', 'manifest inspect -v app:1'],
  ['docker tag rm app:1', 'tag -- rm app:1'],
  ['docker', 'help'],
  ['docker --help', 'help'],
  ['docker version', 'version'],
  ['docker-buildx build .', 'build .'],
  ['docker-buildx buildx build .', 'build .'],
  ['docker-buildx du', 'buildx du'],
  ['podman build', 'build .'],
  ['podman build -t a .', 'build --tag=a --tag=localhost/a .'],
  ['podman build -t localhost/team/a:1 .', 'build --tag=team/a:1 --tag=localhost/team/a:1 .'],
  ['podman build -t host:5000/a .', 'build --tag=host:5000/a .'],
  ['podman build -f d/F ctx', 'build --file=d/F ctx', { files: ['ctx', 'd/F'] }],
  ['podman build -f F ctx', 'build --file=ctx/F ctx', { files: ['ctx'] }],
  ['podman build -f - ctx', 'build --file=- ctx', { files: ['ctx'] }],
  ['podman build --layers=false .', 'build --no-cache .'],
  ['podman build --pull .', 'build --pull .'],
  ['podman build --pull=missing .', 'build .'],
  ['podman build --pull=never .', 'build --offline .'],
  ['podman build --network private .', 'build .'],
  ['podman build --tls-verify=false .', 'build --tls-verify=false .'],
  ['podman push --tls-verify=false a', 'push --tls-verify=false a'],
  ['podman build --network none .', 'build --network=none .'],
  ['podman build --isolation oci .', 'build .'],
  ['podman build --isolation chroot .', 'build --isolation=chroot .'],
  ['podman build --format docker .', 'build --format=docker .'],
  ['podman build .', 'build --format=docker .', { environment: { BUILDAH_FORMAT: 'docker' } }],
  [
    'podman build --timestamp 5 --retry 2 --unsetenv A,B .',
    'build --retry=2 --timestamp=5 --unsetenv=A --unsetenv=B .',
  ],
  ['podman build --compression-format zstd .', 'build --output=type=image,compression=zstd .'],
  ['podman build -o out .', 'build --output=out --load .'],
  ['podman build -q --iidfile id .', 'build --iidfile=id --progress=quiet .'],
  ['podman build --os linux --arch arm64 --variant v8 .', 'build --platform=linux/arm64/v8 .'],
  ['podman build --security-opt label=disable --userns= .', 'build .'],
  ['podman build --ulimit nofile=1,nproc=2 .', 'build --ulimit=nofile=1 --ulimit=nproc=2 .'],
  [
    'podman build --cache-from r/c --cache-to r/c .',
    'build --cache-from=type=registry,ref=r/c --cache-to=type=registry,ref=r/c,mode=max .',
  ],
  ['podman --root /s --storage-driver vfs build .', '--root /s build .'],
  ['podman push a', 'push a'],
  ['podman push -q a docker://h/a:1', 'tag a h/a:1; push --quiet h/a:1'],
  ['podman push a docker-archive:x.tar:a', 'save --output x.tar a'],
  ['podman pull docker://alpine', 'pull alpine'],
  ['podman pull oci-archive:x.tar', 'load --input x.tar'],
  ['podman tag a b c', 'tag a b; tag a c'],
  ['podman save --format oci-archive -o x.tar a', 'save --output x.tar a'],
  ['podman save a b', 'tag a b; save a b'],
  ['podman save -m a b', 'save a b'],
  ['podman images -q', 'images -q'],
  ['buildah bud .', 'build --no-cache .'],
  ['buildah bud --layers .', 'build .'],
  ['buildah build-using-dockerfile .', 'build .', { environment: { BUILDAH_LAYERS: 'true' } }],
  ['buildah --log-level debug bud --layers .', '--debug build .'],
  ['executor -d h/a:1', 'build --tag=h/a:1 --push --no-cache /workspace/'],
  [
    'kaniko --context dir:///w --dockerfile D --no-push',
    'build --file=/w/D --no-cache /w',
    { files: ['/w'] },
  ],
  ['executor -c /w --context-sub-path b --no-push', 'build --no-cache /w/b'],
  ['executor -c /w', 'build --no-cache /w', { environment: { KANIKO_NO_PUSH: 'true' } }],
  [
    'executor -c git://h/t/a.git#refs/heads/x#abc --no-push',
    'build --no-cache https://h/t/a.git#abc',
  ],
  [
    'executor -c git://h/t/a#refs/heads/x --context-sub-path s --no-push',
    'build --no-cache https://h/t/a.git#x:s',
  ],
  ['executor -c tar://stdin --no-push', 'build --no-cache -'],
  [
    'executor -c /w -d h.x/a:1 --cache=true --no-push',
    'build --tag=h.x/a:1 --cache-from=type=registry,ref=h.x/a/cache --cache-to=type=registry,ref=h.x/a/cache,mode=max /w',
  ],
  [
    'executor -c /w -d h/a --cache --cache-repo=oci:/c --no-push-cache --no-push',
    'build --tag=h/a --cache-from=type=local,src=/c /w',
  ],
  [
    'executor -c /w -d h/a --no-push --tar-path x.tar --oci-layout-path l',
    'build --tag=h/a --output=type=docker,dest=x.tar --output=type=oci,tar=false,dest=l --no-cache /w',
  ],
  [
    'executor -c /w --no-push --build-arg A=1 --label b=2 --target t --custom-platform linux/arm64 --single-snapshot',
    'build --build-arg=A=1 --platform=linux/arm64 --label=b=2 --squash=true --target=t --no-cache /w',
  ],
  [
    'executor -c /w --no-push --reproducible --compression=zstd --compression-level 3 --push-retry 2',
    'build --retry=2 --output=type=image,compression=zstd,compression-level=3 --timestamp=0 --no-cache /w',
  ],
  [
    'executor -c /w --no-push --insecure --skip-tls-verify-pull',
    'build --tls-verify=false --no-cache /w',
  ],
  ['executor -c /w --no-push -v debug', 'build --debug --no-cache /w'],
  [
    'executor -c /w --no-push --snapshot-mode=redo --use-new-run --cleanup --force',
    'build --no-cache /w',
  ],
];

describe('what is ours', () => {
  for (const [theirs, ours, surroundings] of LINES) {
    const where = surroundings === undefined ? '' : ` (${JSON.stringify(surroundings)})`;
    test(`${theirs}${where}`, async () => {
      const { plan } = await planOf(theirs, surroundings);
      const lines = plan.lines.map((line) => line.join(' ')).join('; ');
      assert.equal(lines, ours);
    });
  }
});

const REFUSED: readonly (readonly [theirs: string, what: string])[] = [
  ['docker -H tcp://x build .', 'docker: --host'],
  ['docker --context other build .', 'docker: --context=other'],
  ['docker build --isolation hyperv .', 'docker build: --isolation=hyperv'],
  ['docker build --security-opt seccomp=unconfined .', 'docker build: --security-opt'],
  ['docker build --resource gpus=1 .', 'docker build: --resource gpus=1'],
  ['docker build --policy x .', 'docker build: --policy'],
  ['docker ps', 'docker: ps'],
  ['docker export c', 'docker: export'],
  ['docker buildx create --use', 'docker: buildx create'],
  ['docker-buildx create', 'docker-buildx: create'],
  ['docker swarm init', 'docker: swarm'],
  ['podman build --cap-add ALL .', 'podman build: --cap-add'],
  ['podman build -f a -f b .', 'podman build: a second --file'],
  ['podman build --pull=sometimes .', 'podman build: --pull=sometimes'],
  ['podman build --userns host .', 'podman build: --userns=host'],
  ['podman build --http-proxy=false .', 'podman build: --http-proxy=false'],
  ['podman build --isolation=hyperv .', 'podman build: --isolation=hyperv'],
  ['podman build --security-opt seccomp=x .', 'podman build: --security-opt=seccomp=x'],
  ['podman build --cert-dir /c .', 'podman build: --cert-dir'],
  ['podman push a dir:/x', 'podman push: dir:'],
  ['podman save --format docker-dir a', 'podman save: --format=docker-dir'],
  ['podman --remote images', 'podman: --remote'],
  ['buildah from alpine', 'buildah: from'],
  ['buildah bud --squash-all .', ''],
  ['executor -c s3://b/x --no-push', 'executor: --context=s3://…'],
  ['executor -c tar://x --context-sub-path a --no-push', 'executor: --context-sub-path of a tar'],
  ['executor --no-push --registry-mirror m', 'executor: --registry-mirror'],
  ['podman manifest push --all x', 'podman: manifest'],
  ['buildah manifest create x', 'buildah: manifest'],
  ['executor -d a --digest-file https://x/y', 'executor: a URL for --digest-file'],
];

describe('what is refused', () => {
  for (const [theirs, what] of REFUSED) {
    test(theirs, async () => {
      await assert.rejects(translated(theirs), (error) => {
        if (what === '') return isSlipwayError(error, 'USAGE');
        return (
          isSlipwayError(error, 'NOT_IMPLEMENTED') &&
          error.message === `${what} is not implemented by slipway` &&
          error.hint !== undefined
        );
      });
    });
  }

  const USAGE: readonly (readonly [line: string, says: string])[] = [
    ['docker build --nosuch .', 'unknown flag: --nosuch'],
    ['executor -c /w', 'you must provide --destination, or use --no-push'],
    [
      'executor -c /w --no-push --image-name-with-digest-file=x',
      'you must provide --destination if setting --image-name-with-digest-file',
    ],
    ['podman build a b', '"podman build" takes one context.'],
  ];
  for (const [line, says] of USAGE) {
    test(`${line}: ${says}`, async () => {
      await assert.rejects(
        translated(line),
        (error) => isSlipwayError(error, 'USAGE') && error.message === says,
      );
    });
  }
});

test('a flag that our command has not got is refused, whatever the table says', async () => {
  await assert.rejects(translated('podman build --manifest x .'), (error) =>
    isSlipwayError(error, 'NOT_IMPLEMENTED'),
  );
});

test('what changes nothing is told, with the reason', async () => {
  const { notes } = await planOf('podman --storage-driver vfs build --compress --rm=false .');
  assert.deepEqual(notes, [
    '--storage-driver changes nothing: the store is of another kind',
    '--compress changes nothing: it has no meaning to buildah either',
    '--rm changes nothing: no container of a step stays',
  ]);
});

test('settings in place of the environment’s', async () => {
  const over = async (line: string) => (await planOf(line)).plan.over;
  assert.deepEqual(await over('docker --config /d build .'), { credentialsFile: '/d/config.json' });
  assert.deepEqual(await over('podman --runtime crun build --authfile /a .'), {
    credentialsFile: '/a',
    runtime: 'crun',
  });
});

test('what becomes of the result', async () => {
  const podman = await planOf('podman build .');
  assert.deepEqual(podman.plan.results, [{ kind: 'print-id' }]);
  const kaniko = await planOf(
    'executor -c tar:///x.tar -d h.x/a:1 -d b --digest-file d --image-name-with-digest-file n --image-name-tag-with-digest-file t',
  );
  assert.equal(kaniko.plan.input, '/x.tar');
  assert.deepEqual(kaniko.plan.results, [
    { kind: 'digest-file', path: 'd', before: [''] },
    { kind: 'digest-file', path: 'n', before: ['h.x/a@', 'docker.io/library/b@'] },
    { kind: 'digest-file', path: 't', before: ['h.x/a:1@', 'docker.io/library/b:latest@'] },
  ]);
});

test('the version, and what docker asks of a plugin', async () => {
  for (const line of [
    'docker -v',
    'docker buildx version',
    'podman --version',
    'executor version',
  ]) {
    const result = await translated(line);
    assert.ok(
      result.kind === 'print' && result.text.startsWith('Slipway version 1.2.3, in place of'),
    );
  }
  const metadata = await translated('docker-buildx docker-cli-plugin-metadata');
  assert.ok(metadata.kind === 'print');
  assert.equal(JSON.parse(metadata.text).SchemaVersion, '0.1.0');
});

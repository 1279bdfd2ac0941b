/** `images`: tables, IDs, formats. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortId } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { imageSummary } from '#test/helpers/image-summary.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const app = imageSummary('app', { tags: ['app:1'], created: '2026-11-21T11:57:00Z' });
const nameless = imageSummary('x', { sizeBytes: 227 });
const id = shortId(app.imageId);
const engine = fakeEngine({ images: async () => [app, nameless] });

async function images(...flags: readonly string[]): Promise<string> {
  const outcome = await runCommand(['images', ...flags], { engine });
  assert.deepEqual([outcome.exitCode, outcome.stderr], [0, '']);
  return outcome.stdout;
}

test('the table', async () => {
  assert.equal(
    await images(),
    `REPOSITORY   TAG       IMAGE ID       CREATED         SIZE
app          1         ${id}   3 minutes ago   4.57MB
<none>       <none>    ${shortId(nameless.imageId)}   N/A             227B
`,
  );
});

test('with digests, in full', async () => {
  const [header, first] = (await images('--digests', '--no-trunc')).split('\n');
  assert.match(header ?? '', /^REPOSITORY {3}TAG {7}DIGEST {4}IMAGE ID {2,}CREATED {2,}SIZE$/);
  assert.ok(first?.includes(app.imageId));
});

test('quietly: IDs, short or in full', async () => {
  assert.equal(await images('-q', 'app'), `${id}\n`);
  assert.equal(await images('-aq', '--no-trunc', 'app:1'), `${app.imageId}\n`);
});

test('formats', async () => {
  assert.equal(await images('--format', '{{.Repository}}:{{.Tag}}', 'app'), 'app:1\n');
  assert.equal(
    await images('--format', 'table {{.ID}}\\t{{.Tag}}', 'app'),
    `IMAGE ID       TAG\n${id}   1\n`,
  );
  assert.equal(JSON.parse(await images('--format', 'json', 'app')).ID, id);
});

test('a format that asks for what is not there', async () => {
  assert.deepEqual(await runCommand(['images', '--format', '{{.Nmae}}'], { engine }), {
    exitCode: 1,
    stdout: '',
    stderr: `ERROR: template parsing error: template: :1:2: executing "" at <.Nmae>: can't evaluate field Nmae in type image
  fix: the fields here are .Repository, .Tag, .Digest, .ID, .CreatedSince, .CreatedAt, .Size, .Containers, .SharedSize, .UniqueSize, .VirtualSize
`,
  });
});

test('filters, and a pattern', async () => {
  assert.equal(await images('-q', '-f', 'dangling=true'), `${shortId(nameless.imageId)}\n`);
  assert.equal(await images('-q', '-f', 'dangling=false', '-f', 'reference=a*'), `${id}\n`);
  assert.equal(await images('-q', 'ap?:*'), `${id}\n`);
  assert.equal(await images('-q', 'other'), '');
  const wrong = await runCommand(['images', '-f', 'foo=bar'], { engine });
  assert.deepEqual([wrong.exitCode, wrong.stdout], [1, '']);
  assert.match(wrong.stderr, /^invalid filter 'foo'\nthe filters here are before, dangling, /);
});

test('an image that cannot be read is told on stderr', async () => {
  const broken = fakeEngine({
    images: async (options) => {
      options?.onBroken?.({
        names: app.tags,
        problem: new SlipwayError('BLOB_UNKNOWN', 'blob sha256:ab not found'),
      });
      return [nameless];
    },
  });
  assert.deepEqual(await runCommand(['images', '-q'], { engine: broken }), {
    exitCode: 0,
    stdout: `${shortId(nameless.imageId)}\n`,
    stderr: `WARNING: app:1 cannot be read: blob sha256:ab not found
  fix: "slipway system check" says what is lost; pulling or loading it again repairs it
`,
  });
});

test('a tree, alone', async () => {
  const space = { diskBytes: 4_000_000, contentBytes: 2_000_000 };
  const trees = fakeEngine({ imageTrees: async () => [{ image: app, platforms: [], ...space }] });
  assert.deepEqual(await runCommand(['images', '--tree'], { engine: trees }), {
    exitCode: 0,
    stdout: `IMAGE   ID             DISK USAGE   CONTENT SIZE
app:1   ${id}          4MB            2MB
`,
    stderr: '',
  });
  for (const flags of [['-q'], ['--digests'], ['--format', 'json']]) {
    const { exitCode, stderr } = await runCommand(['images', '--tree', ...flags], {
      engine: trees,
    });
    assert.equal(exitCode, 1);
    assert.match(stderr, /^--(quiet|digests|format) is not yet supported with --tree\n/);
  }
});

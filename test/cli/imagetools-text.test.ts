/** What `imagetools inspect` prints, with buildx's columns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookStruct, lookText } from '#cli/imagetools-text.ts';
import { parseTemplate } from '#cli/template.ts';
import { encodeImageConfig } from '#core/image-config.ts';
import { encodeIndex } from '#core/manifest.ts';
import { parseReference } from '#core/reference.ts';
import type { ImageLook } from '#engine/registry-tools.ts';
import { sampleImage, sampleIndex } from '#test/helpers/images.ts';

const REFERENCE = parseReference('localhost:5000/app:1');

async function look(): Promise<ImageLook> {
  const { manifest, images } = await sampleIndex();
  const { manifests } = JSON.parse(Buffer.from(manifest.bytes).toString());
  const [first, second] = manifests;
  const listed = [
    {
      ...first,
      platform: { ...first.platform, 'os.version': '1', 'os.features': ['a', 'b'] },
      annotations: { note: 'x' },
    },
    second,
  ];
  return {
    reference: REFERENCE,
    raw: encodeIndex(listed),
    listed,
    configs: images.map(({ config }, i) => ({
      platform: listed[i].platform,
      bytes: encodeImageConfig(config),
    })),
  };
}

test('an index: what it is and what it lists', async () => {
  const found = await look();
  const [a, b] = found.listed;
  const text = lookText(found, 'ignored');
  assert.equal(
    text,
    `Name:      localhost:5000/app:1
MediaType: ${found.raw.mediaType}
Digest:    ${found.raw.digest}
${' '.repeat(11)}
Manifests: 
  Name:        localhost:5000/app:1@${a?.digest}
  MediaType:   ${a?.mediaType}
  Platform:    linux/amd64
  OSVersion:   1
  OSFeatures:  a, b
  Annotations: 
    note: x
${' '.repeat(13)}
  Name:      localhost:5000/app:1@${b?.digest}
  MediaType: ${b?.mediaType}
  Platform:  linux/arm64
`,
  );
});

test('an image that is in no registry has the name that was typed', async () => {
  const { manifest: raw } = await sampleImage();
  assert.equal(
    lookText({ raw, listed: [], configs: [] }, 'oci:x'),
    `Name:      oci:x\nMediaType: ${raw.mediaType}\nDigest:    ${raw.digest}\n`,
  );
});

test('what others write steers no terminal', async () => {
  const found = await look();
  const [first] = found.listed;
  assert.ok(first);
  const hostile = { ...first, mediaType: 'a\u001b[2Jb', annotations: { 'x\ny': '\u202ez' } };
  const text = lookText({ ...found, listed: [hostile] }, 'x');
  assert.match(text, /MediaType: {3}a \[2Jb\n/);
  assert.match(text, /\n {4}x y: {2}z\n$/);
});

test('templates see Go’s fields', async () => {
  const found = await look();
  const render = (format: string) => parseTemplate(format).render(lookStruct(found, 'x'));
  assert.equal(
    render('{{.Name}} {{.Manifest.Digest}}'),
    `localhost:5000/app:1 ${found.raw.digest}`,
  );
  assert.equal(
    render('{{range .Manifest.Manifests}}{{.Platform.Architecture}} {{end}}'),
    'amd64 arm64 ',
  );
  assert.equal(
    render(
      '{{(index .Image "linux/arm64").Config.Env}} {{(index .Image "linux/arm64").Config.Labels}}',
    ),
    '[PATH=/bin] map[]',
  );
  assert.deepEqual(JSON.parse(render('{{json .Manifest}}')).manifests, found.listed);
  assert.deepEqual(Object.keys(JSON.parse(render('{{json .Image}}'))), [
    'linux/amd64',
    'linux/arm64',
  ]);
});

test('a single image is not below a platform', async () => {
  const { manifest: raw, config } = await sampleImage();
  const single = { raw, listed: [], configs: [{ bytes: encodeImageConfig(config) }] };
  const render = (format: string) => parseTemplate(format).render(lookStruct(single, 'x'));
  assert.equal(
    render('{{.Image.OS}}/{{.Image.Architecture}} {{.Image.Config.Cmd}}'),
    'linux/amd64 [/bin/sh]',
  );
  assert.equal(render('{{len .Image.RootFS.DiffIDs}} {{.Image.Config.User}}'), '2 ');
  assert.deepEqual(
    JSON.parse(render('{{json .Image}}')),
    JSON.parse(String(encodeImageConfig(config))),
  );
});

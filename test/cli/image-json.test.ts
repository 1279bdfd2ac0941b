/** `inspect` in docker's shape. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageJson, imageStruct } from '#cli/image-json.ts';
import { parseTemplate } from '#cli/template.ts';
import { imageSummary } from '#test/helpers/image-summary.ts';

test('the whole document', () => {
  const image = imageSummary('app', { tags: ['app:1'], created: '2026-11-21T11:57:00Z' });
  assert.deepEqual(imageJson(image), {
    Id: image.imageId,
    RepoTags: ['app:1'],
    RepoDigests: [],
    Parent: '',
    Comment: 'buildkit.dockerfile.v0',
    Created: '2026-11-21T11:57:00Z',
    DockerVersion: '',
    Author: '',
    Architecture: 'amd64',
    Os: 'linux',
    Size: 4_567_890,
    GraphDriver: { Data: null, Name: 'slipway' },
    RootFS: { Type: 'layers', Layers: image.config.rootfs.diff_ids },
    Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
    Descriptor: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: image.manifest.digest,
      size: 512,
    },
    Config: {
      Cmd: ['/bin/sh'],
      Entrypoint: null,
      Env: ['PATH=/bin'],
      Labels: null,
      OnBuild: null,
      User: '',
      Volumes: null,
      WorkingDir: '/',
    },
  });
});

test('a variant is shown, a missing time is docker’s zero', () => {
  const image = imageSummary('app');
  const arm = { ...image, config: { ...image.config, architecture: 'arm', variant: 'v7' } };
  const { Architecture, Variant, Created } = imageJson(arm);
  assert.deepEqual([Architecture, Variant, Created], ['arm', 'v7', '0001-01-01T00:00:00Z']);
});

test('what templates see: docker 28’s answers', () => {
  const app = imageSummary('app', { tags: ['app:1'] });
  const image = {
    ...app,
    lastTagMs: Date.UTC(2026, 10, 21, 9, 8, 5),
    config: { ...app.config, config: { ...app.config.config, Labels: { 'a.b': '1' } } },
  };
  const struct = imageStruct(image);
  for (const [template, text] of [
    ['{{.Config.Labels}} {{.Config.Cmd}} {{.Config.ExposedPorts}}', 'map[a.b:1] [/bin/sh] map[]'],
    ['{{.Config.User}}|{{.Config.Healthcheck}}|{{.Config.Shell}}', '|<nil>|[]'],
    ['{{json .Config.Volumes}} {{json .Config.Entrypoint}}', 'null null'],
    ['{{.Config.Labels.nosuch}}', '<no value>'],
    ['{{index .Config.Labels "a.b"}}{{index .Config.Labels "x"}}', '1'],
    ['{{index .Config "Image"}}', '<no value>'],
    [
      '{{json .Config}}',
      '{"Env":["PATH=/bin"],"Cmd":["/bin/sh"],"WorkingDir":"/","Labels":{"a.b":"1"}}',
    ],
    ['{{.Metadata.LastTagTime}}', '2026-11-21 09:08:05 +0000 UTC'],
    ['{{json .Metadata}}', '{"LastTagTime":"2026-11-21T09:08:05.000Z"}'],
    ['{{range .RootFS.Layers}}{{.}}{{end}}', image.config.rootfs.diff_ids.join('')],
    ['{{.GraphDriver.Name}} {{json .GraphDriver.Data}}', 'slipway null'],
  ] as const) {
    assert.equal(parseTemplate(template).render(struct), text, template);
  }
  assert.equal(JSON.parse(parseTemplate('json').render(struct)).Config.User, undefined);
  assert.throws(() => parseTemplate('{{.Config.Evn}}').render(struct), {
    code: 'TEMPLATE_INVALID',
    message:
      'template parsing error: template: :1:9: executing "" at <.Config.Evn>: map has no entry for key "Evn"',
    hint: 'did you mean .Env?',
  });
});

test('a healthcheck, with durations in nanoseconds', () => {
  const app = imageSummary('app');
  const Healthcheck = { Test: ['CMD', 'x'], Interval: 30_000_000_000 };
  const image = { ...app, config: { ...app.config, config: { Healthcheck } } };
  const render = (template: string): string => parseTemplate(template).render(imageStruct(image));
  assert.equal(render('{{.Config.Healthcheck.Interval}}'), '30000000000');
  assert.equal(render('{{json .Config.Healthcheck}}'), JSON.stringify(Healthcheck));
});

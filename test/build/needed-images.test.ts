/** Which images a build takes from elsewhere, found without building. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { downloadsOf, neededImages } from '#build/needed-images.ts';
import { planBuild } from '#build/plan.ts';
import { familiarReference } from '#core/reference.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';

const platform = { os: 'linux', architecture: 'amd64' };

interface Options {
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** ONBUILD lines by image. */
  readonly triggers?: Readonly<Record<string, readonly string[]>>;
}

function plan(text: string, { target, buildArgs = {} }: Options = {}) {
  return planBuild(parseDockerfile({ name: 'Dockerfile', text }), {
    buildArgs: new Map(Object.entries(buildArgs)),
    platform,
    buildPlatform: platform,
    ...(target === undefined ? {} : { target }),
  });
}

async function needed(text: string, options: Options = {}): Promise<readonly string[]> {
  const images = await neededImages(plan(text, options), async (reference) => {
    const lines = options.triggers?.[familiarReference(reference)];
    return lines && [...lines];
  });
  return images.map(familiarReference);
}

describe('needed images', () => {
  it('bases and COPY --from of the stages that the target needs, each once', async () => {
    const text = [
      'ARG TAG=1',
      'FROM tools:$TAG AS tools',
      'FROM unused:1 AS unused',
      'FROM base:1 AS app',
      'COPY --from=tools /a /a',
      'COPY --from=other:2 /b /b',
      'COPY --from=0 /c /c',
      'FROM base:1',
      'COPY --from=app / /',
    ].join('\n');
    assert.deepEqual(await needed(text), ['base:1', 'tools:1', 'other:2']);
    assert.deepEqual(await needed(text, { buildArgs: { TAG: '9' }, target: 'tools' }), ['tools:9']);
    assert.deepEqual(await needed(text, { target: 'unused' }), ['unused:1']);
  });

  it('a chain of ten thousand stages', async () => {
    const lines = ['FROM base:1 AS s0'];
    for (let number = 1; number < 10_000; number++) {
      lines.push(`FROM s${number - 1} AS s${number}`);
    }
    assert.deepEqual(await needed(lines.join('\n')), ['base:1']);
  });

  it('RUN --mount from an image or a stage', async () => {
    const text = [
      'FROM seed:1 AS seed',
      'FROM base:1',
      'RUN --mount=type=bind,from=files:1,target=/f --mount=type=cache,from=seed,target=/s true',
      'RUN --mount=type=cache,target=/x true',
    ].join('\n');
    assert.deepEqual(await needed(text), ['base:1', 'files:1', 'seed:1']);
  });

  it('ONBUILD of a base is followed, also into what it names', async () => {
    const triggers = { 'base:1': ['COPY --from=assets:1 / /', 'RUN make'] };
    const text = 'FROM scratch AS x\nFROM base:1\nCOPY --from=x / /';
    assert.deepEqual(await needed(text, { triggers }), ['base:1', 'assets:1']);
  });

  it('nothing for a build from scratch', async () => {
    assert.deepEqual(await needed('FROM scratch\nCOPY a /'), []);
  });

  it('what cannot be had is thrown', async () => {
    const lost = neededImages(plan('FROM base:1'), async () => {
      throw new Error('lost');
    });
    await assert.rejects(lost, /lost/);
  });

  it('downloads of needed stages are told', () => {
    const text = [
      'FROM a:1 AS unused',
      'ADD https://example.com/unused /',
      'FROM b:1',
      'ADD https://example.com/x.tar local.txt /',
    ].join('\n');
    assert.deepEqual(downloadsOf(plan(text)), ['https://example.com/x.tar']);
  });
});

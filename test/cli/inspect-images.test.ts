/** inspect of several images: what was found is printed, what was not is told, in docker's forms. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspectImages } from '#cli/inspect-images.ts';
import { digestOf } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { ImageDetails } from '#core/local-image.ts';
import { imageSummary } from '#test/helpers/image-summary.ts';

async function inspect(format: string | undefined, ...images: readonly string[]) {
  const told: unknown[] = [];
  const asked: unknown[] = [];
  const result = await inspectImages({
    images,
    format,
    platform: { os: 'linux', architecture: 'arm64' },
    report: (error) => void told.push(error),
    engine: async () => ({
      async inspect(image, options): Promise<ImageDetails> {
        asked.push(options);
        if (image === 'none') throw new SlipwayError('IMAGE_UNKNOWN', `No such image: ${image}`);
        return imageSummary(image);
      },
    }),
  });
  return { ...result, told, asked };
}

describe('inspect', () => {
  it('of images of which one is not here: the others are printed, one failure', async () => {
    const { text, failures, told, asked } = await inspect(undefined, 'a', 'none', 'b');
    const ids = JSON.parse(text).map(({ Id }: { readonly Id: string }) => Id);
    assert.deepEqual(
      ids,
      ['a', 'b'].map((name) => digestOf(name)),
    );
    assert.match(text, /^\[\n {4}\{\n {8}"Id"/);
    assert.deepEqual([failures, told.length], [1, 1]);
    assert.deepEqual(asked[0], { platform: { os: 'linux', architecture: 'arm64' } });
  });

  it('--format: a line for each image; json: all of them in one line', async () => {
    const { text } = await inspect('{{.Id}}', 'a', 'b');
    assert.equal(text, `${digestOf('a')}\n${digestOf('b')}\n`);
    const { text: json } = await inspect('json', 'a', 'b');
    assert.equal(json.split('\n').length, 2);
    assert.equal(JSON.parse(json).length, 2);
  });

  it('a template that is wrong is told before any image is looked for', async () => {
    await assert.rejects(inspect('{{.Id', 'a'), { code: 'TEMPLATE_INVALID' });
  });
});

/** What `inspect` and `image inspect` share: look at each, print what was found, tell the rest. */
import type { Platform } from '#core/platform.ts';
import type { Engine } from '#engine.ts';
import { imageJson, imageStruct } from './image-json.ts';
import { goJson } from './template/values.ts';
import { parseTemplate } from './template.ts';

export interface InspectRequest {
  readonly images: readonly string[];
  readonly format: string | undefined;
  readonly platform?: Platform;
  readonly engine: () => Promise<Pick<Engine, 'inspect'>>;
  /** What could not be found or read. */
  readonly report: (error: unknown) => void;
}

/** The text for stdout, and how many there were without an answer. @throws TEMPLATE_INVALID */
export async function inspectImages(
  request: InspectRequest,
): Promise<{ readonly text: string; readonly failures: number }> {
  const { format, images, platform } = request;
  // A template that is wrong is told before any image is looked for.
  const template = isJson(format) ? undefined : parseTemplate(format ?? '');
  const engine = await request.engine();
  const found = [];
  for (const image of images) {
    try {
      found.push(await engine.inspect(image, platform === undefined ? {} : { platform }));
    } catch (error) {
      request.report(error);
    }
  }
  const failures = images.length - found.length;
  if (template) {
    const lines = found.map((image) => `${template.render(imageStruct(image))}\n`);
    return { text: lines.join(''), failures };
  }
  const documents = found.map(imageJson);
  const text = format === 'json' ? goJson(documents) : JSON.stringify(documents, undefined, 4);
  return { text: `${text}\n`, failures };
}

function isJson(format: string | undefined): boolean {
  return format === undefined || format === '' || format === 'json';
}

/** `pull --all-tags`: every tag of a name, with docker's words around them. */
import { SlipwayError } from '#core/errors.ts';
import { familiarName, formatReference, parseReference } from '#core/reference.ts';
import { type PullImageOptions, pullTag } from './pull-image.ts';

/** @throws REFERENCE_INVALID (a tag was given), NAME_UNKNOWN (the registry has none) */
export async function pullAllTags(name: string, options: PullImageOptions): Promise<void> {
  const reference = parseReference(name);
  if (reference.tag !== undefined || reference.digest !== undefined) {
    throw new SlipwayError('REFERENCE_INVALID', "tag can't be used with --all-tags/-a", {
      hint: `name the repository only: ${familiarName(reference)}`,
    });
  }
  const { engine, host, stream, quiet = false } = options;
  const tags = await engine.remoteTags(name, { signal: host.interrupts.signal });
  if (tags.length === 0) {
    const shown = familiarName(reference);
    throw new SlipwayError('NAME_UNKNOWN', `repository ${shown} not found: it has no tags`, {
      hint: 'check the spelling; a repository exists once something was pushed to it',
    });
  }
  let changed = false;
  for (const tag of tags) {
    const result = await pullTag({ ...reference, tag }, options);
    changed ||= result.changed;
  }
  const status = changed ? 'Downloaded newer image for' : 'Image is up to date for';
  if (!quiet) stream.write(`Status: ${status} ${familiarName(reference)}\n`);
  stream.write(`${formatReference(reference)}\n`);
}

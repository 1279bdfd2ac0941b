/** `slipway validate`: what a place names, or every image of a folder or tar that names none. */
import { existsSync } from 'node:fs';
import { SlipwayError } from '#core/errors.ts';
import { type Place, parsePlace } from '#core/place.ts';
import type { ImageSource } from '#image/places.ts';
import { validateImages } from '#image/validate.ts';
import { openSource } from './open-source.ts';
import type { ValidateOptions } from './registry-tools.ts';
import type { Resources } from './resources.ts';

export async function validatePlace(
  resources: Resources,
  text: string,
  options: ValidateOptions,
): Promise<void> {
  const { fast = false, noReferrers = false, signal, onChecked } = options;
  const place = parsePlace(text);
  await using source = await openSource(resources, place, options);
  await validateImages(source.repository, {
    selectors: await selectorsIn(source, place),
    fast,
    noReferrers,
    limit: resources.transfers,
    onChecked,
    ...(signal ? { signal } : {}),
  });
}

async function selectorsIn(source: ImageSource, place: Place): Promise<readonly string[]> {
  if (!source.archive || namesOne(place)) return [await source.selector()];
  const all = source.archive.images.map(({ manifest }) => manifest.digest);
  if (all.length > 0) return all;
  throw new SlipwayError('MANIFEST_UNKNOWN', 'there is no image in it', {
    hint: 'the archive of a root file system is none: slipway import makes one of it',
  });
}

function namesOne(place: Place): boolean {
  switch (place.kind) {
    case 'registry':
    case 'store':
      return true;
    case 'path':
      return place.digest !== undefined || !existsSync(place.path);
    default:
      return place.digest !== undefined || place.name !== undefined;
  }
}

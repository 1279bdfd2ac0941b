/** `--volume SOURCE:TARGET[:OPTIONS]` of a build, as buildah and podman read it. Pure. */
import { posix, resolve } from 'node:path';
import { SlipwayError } from '#core/errors.ts';
import type { BuildVolume } from '#core/run-surroundings.ts';

/** Labels of SELinux, which we set none of, and how mounts spread, which ours never do. */
const WITHOUT_EFFECT = new Set(['z', 'Z', 'private', 'rprivate', 'bind', 'rbind']);

/** @throws USAGE */
export function volumeIn(word: string): BuildVolume {
  const [source = '', target = '', options = '', ...more] = word.split(':');
  if (source === '' || target === '' || more.length > 0) {
    throw usage(`invalid volume "${word}"`, 'write SOURCE:TARGET or SOURCE:TARGET:ro');
  }
  if (!/^[./~]/.test(source)) {
    throw usage(
      `"${source}" is the name of a volume, and a build has none`,
      'name a folder: ./NAME',
    );
  }
  if (!target.startsWith('/') || posix.resolve(target) === '/') {
    throw usage(`cannot mount at ${target}`, 'name a folder below the root, beginning with /');
  }
  const words = options.split(',').filter((one) => one !== '');
  const unknown = words.find((one) => !WITHOUT_EFFECT.has(one) && one !== 'ro' && one !== 'rw');
  if (unknown !== undefined) {
    throw usage(`unknown option "${unknown}" of volume ${word}`, 'the options are ro, rw, z and Z');
  }
  const readOnly = words.includes('ro');
  return { source: resolve(source), target: posix.resolve(target), readOnly };
}

function usage(message: string, hint: string): SlipwayError {
  return new SlipwayError('USAGE', message, { hint });
}

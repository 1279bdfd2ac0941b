/** `buildah bud` and `podman build`: what is said with other words than in docker. */
import { join } from 'node:path';
import { SlipwayError } from '#core/errors.ts';
import type { Place, Plan, SettingsOver } from './program.ts';
import { type OptionValues, type ReadLine, refuse } from './read-options.ts';

export function planBuild({ passed, values, words }: ReadLine, place: Place): Plan {
  const [context = '.', ...more] = words;
  if (more.length > 0) throw new SlipwayError('USAGE', `"${place.command}" takes one context.`);
  const line = [
    'build',
    ...passed,
    ...dockerfile(values, context, place),
    ...values.list('tag').flatMap(tagged),
    ...caching(values, place),
    ...platform(values),
    ...surroundings(values, place),
    ...outputs(values, place),
    context,
  ];
  return { lines: [line], results: [{ kind: 'print-id' }], over: settingsOver(values) };
}

/** Beside the caller, else in the context. */
function dockerfile(values: OptionValues, context: string, place: Place): readonly string[] {
  const [file, ...more] = values.list('file').flatMap((one) => one.split(','));
  if (file === undefined) return [];
  if (more.length > 0) refuse(place.command, 'a second --file', 'put them into one file');
  const isElsewhere = file === '-' || place.exists(file) || !place.exists(context);
  return [`--file=${isElsewhere ? file : join(context, file)}`];
}

/** Short names are of docker.io for us, of `localhost` for podman, also in FROM: both are given. */
function tagged(name: string): readonly string[] {
  const bare = name.replace(/^localhost\//, '');
  const isShort = !/^[^/]*[.:][^/]*\//.test(bare) && !bare.startsWith('localhost/');
  return isShort ? [`--tag=${bare}`, `--tag=localhost/${bare}`] : [`--tag=${name}`];
}

/** `--layers` says whether earlier builds count; a cache elsewhere is a repository. */
function caching(values: OptionValues, { variable }: Place): readonly string[] {
  const asked = variable('BUILDAH_LAYERS');
  const layers = values.isOn('layers') || /^(true|1)$/i.test(asked ?? '');
  return [
    ...(layers ? [] : ['--no-cache']),
    ...values.list('cache-from').map((ref) => `--cache-from=type=registry,ref=${ref}`),
    ...values.list('cache-to').map((ref) => `--cache-to=type=registry,ref=${ref},mode=max`),
  ];
}

function platform(values: OptionValues): readonly string[] {
  const [os, arch, variant] = ['os', 'arch', 'variant'].map((name) => values.text(name));
  if (os === undefined && arch === undefined && variant === undefined) return [];
  const word = [os ?? 'linux', arch ?? nodeArchitecture(), variant].filter(Boolean).join('/');
  return [`--platform=${word}`];
}

function nodeArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

const OWN_NETWORK = new Set(['', 'private', 'bridge', 'default']);

function surroundings(values: OptionValues, place: Place): readonly string[] {
  const isolation = values.text('isolation');
  const network = values.text('network');
  if (isolation !== undefined && !['', 'oci', 'rootless', 'chroot'].includes(isolation)) {
    refuse(place.command, `--isolation=${isolation}`, 'use oci, rootless or chroot');
  }
  const unlabelled = values.list('security-opt').find((one) => !one.startsWith('label='));
  if (unlabelled !== undefined) {
    refuse(place.command, `--security-opt=${unlabelled}`, 'let the step ask with RUN --security');
  }
  return [
    ...(isolation === 'chroot' ? ['--isolation=chroot'] : []),
    ...(network === undefined || OWN_NETWORK.has(network) ? [] : [`--network=${network}`]),
    ...pull(values.text('pull'), place),
  ];
}

function pull(policy: string | undefined, place: Place): readonly string[] {
  if (policy === undefined || ['false', 'missing', 'ifmissing'].includes(policy)) return [];
  if (['true', 'always', 'newer', 'ifnewer'].includes(policy)) return ['--pull'];
  if (policy === 'never') return ['--offline'];
  return refuse(place.command, `--pull=${policy}`, 'use always, missing, newer or never');
}

/** The image is stored whatever else is made of it. */
function outputs(values: OptionValues, { variable }: Place): readonly string[] {
  const written = values.list('output').map((one) => `--output=${one}`);
  const format = variable('BUILDAH_FORMAT');
  const image = imageOutput(values.text('compression-format'), values.text('compression-level'));
  const iidfile = values.text('iidfile');
  const metadata = values.text('metadata-file');
  return [
    ...(format === undefined || values.has('format') ? [] : [`--format=${format}`]),
    ...written,
    ...image,
    ...(written.length > 0 && image.length === 0 ? ['--load'] : []),
    ...(iidfile === undefined ? [] : [`--iidfile=${iidfile}`]),
    ...(metadata === undefined ? [] : [`--metadata-file=${metadata}`]),
    ...(values.isOn('quiet') ? ['--progress=quiet'] : []),
  ];
}

/** How layers are compressed is said of an output; none where nothing is said. */
export function imageOutput(
  compression: string | undefined,
  level: string | undefined,
): readonly string[] {
  if (compression === undefined && level === undefined) return [];
  const attributes = [
    ...(compression === undefined ? [] : [`compression=${compression}`]),
    ...(level === undefined ? [] : [`compression-level=${level}`]),
  ];
  return [`--output=type=image,${attributes.join(',')}`];
}

function settingsOver(values: OptionValues): SettingsOver {
  const credentialsFile = values.text('authfile');
  return credentialsFile === undefined ? {} : { credentialsFile };
}

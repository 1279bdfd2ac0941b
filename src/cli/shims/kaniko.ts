/** kaniko's executor: builds a context, and pushes what came out of it. */
import { isAbsolute, join } from 'node:path';
import { SlipwayError } from '#core/errors.ts';
import { parseReference, repositoryKey } from '#core/reference.ts';
import { imageOutput } from './buildah-build.ts';
import { KANIKO as OPTIONS } from './kaniko-options.ts';
import type { Place, Plan, Program, Result } from './program.ts';
import { type OptionValues, type ReadLine, refuse } from './read-options.ts';

/** One for pushes and one for pulls each; a build of ours has one for both. */
const TRUSTING = ['insecure', 'insecure-pull', 'skip-tls-verify', 'skip-tls-verify-pull'];

const STANDARD_CONTEXT = '/workspace/';

export const KANIKO: Program = {
  name: 'executor',
  globals: {},
  commands: {},
  missing: {},
  only: { id: 'build', options: () => OPTIONS, plan },
  settings: () => ({ argv: [] }),
};

function plan({ passed, values, words }: ReadLine, place: Place): Plan {
  if (words.length > 0) throw new SlipwayError('USAGE', 'executor takes options only.');
  const destinations = values.list('destination');
  const isPushed = !values.isOn('no-push') && !isTrue(place.variable('KANIKO_NO_PUSH'));
  if (isPushed && destinations.length === 0) {
    throw new SlipwayError('USAGE', 'you must provide --destination, or use --no-push');
  }
  for (const name of ['KANIKO_REGISTRY_MIRROR', 'KANIKO_REGISTRY_MAP']) {
    if (place.variable(name)) {
      refuse(place.command, name, 'write it into ~/.config/slipway/registries.yaml');
    }
  }
  const { context, input } = contextOf(values, place);
  return {
    lines: [
      [
        'build',
        ...(/^(debug|trace)$/i.test(values.text('verbosity') ?? '') ? ['--debug'] : []),
        ...passed,
        ...dockerfile(values, context, place),
        ...destinations.map((name) => `--tag=${name}`),
        ...(isPushed ? ['--push'] : []),
        ...(TRUSTING.some((name) => values.isOn(name)) ? ['--tls-verify=false'] : []),
        ...archives(values),
        ...(values.isOn('reproducible') ? ['--timestamp=0'] : []),
        ...caching(values),
        context,
      ],
    ],
    results: digestFiles(values, destinations, place),
    ...(input === undefined ? {} : { input }),
  };
}

function isTrue(text: string | undefined): boolean {
  return /^(1|t|true)$/i.test(text ?? '');
}

interface Context {
  readonly context: string;
  /** A tar that is the context. */
  readonly input?: string;
}

function contextOf(values: OptionValues, { command }: Place): Context {
  const word = values.text('context') ?? STANDARD_CONTEXT;
  const below = values.text('context-sub-path');
  const [, scheme, path = word] = /^([a-z0-9]+):\/\/(.*)$/.exec(word) ?? [];
  switch (scheme) {
    case undefined:
    case 'dir':
      return { context: below === undefined ? path : join(path, below) };
    case 'git':
      return { context: gitContext(path, below) };
    case 'tar':
      if (below !== undefined) refuse(command, '--context-sub-path of a tar', 'unpack it first');
      return path === 'stdin' ? { context: '-' } : { context: '-', input: path };
    case 'http':
    case 'https':
      if (below !== undefined) refuse(command, '--context-sub-path of a URL', 'unpack it first');
      return { context: word };
    default:
      return refuse(command, `--context=${scheme}://…`, 'use dir://, tar://, git:// or https://');
  }
}

/** `host/repository.git#refs/heads/branch#commit` is a repository over HTTPS; the commit wins. */
function gitContext(path: string, below: string | undefined): string {
  const [remote = '', branch = '', commit] = path.split('#');
  const ref = commit || branch.replace(/^refs\/heads\//, '');
  const url = `https://${remote.endsWith('.git') ? remote : `${remote}.git`}`;
  const fragment = below === undefined ? ref : `${ref}:${below}`;
  return fragment === '' ? url : `${url}#${fragment}`;
}

/** Beside the caller, else in the context; of a context that is no folder a path inside. */
function dockerfile(values: OptionValues, context: string, place: Place): readonly string[] {
  const file = values.text('dockerfile');
  if (file === undefined) return [];
  const isInside = place.exists(context) && !isAbsolute(file) && !place.exists(file);
  return [`--file=${isInside ? join(context, file) : file}`];
}

function archives(values: OptionValues): readonly string[] {
  const tar = values.text('tar-path') ?? values.text('tarPath');
  const layout = values.text('oci-layout-path');
  const given = values.text('compression-level');
  // What kaniko has for its usual one.
  const level = given === '-1' ? undefined : given;
  return [
    ...(tar === undefined ? [] : [`--output=type=docker,dest=${tar}`]),
    ...(layout === undefined ? [] : [`--output=type=oci,tar=false,dest=${layout}`]),
    ...imageOutput(values.text('compression'), level),
  ];
}

/** Without --cache every step is run, as they expect. */
function caching(values: OptionValues): readonly string[] {
  if (!values.isOn('cache')) return ['--no-cache'];
  const [first] = values.list('destination');
  const repository = values.text('cache-repo') ?? (first && `${repositoryOf(first)}/cache`);
  if (repository === undefined) return [];
  const isLayout = repository.startsWith('oci:');
  const from = isLayout
    ? `type=local,src=${repository.slice(4)}`
    : `type=registry,ref=${repository}`;
  const to = isLayout ? `type=local,dest=${repository.slice(4)}` : from;
  return [
    `--cache-from=${from}`,
    ...(values.isOn('no-push-cache') ? [] : [`--cache-to=${to},mode=max`]),
  ];
}

function repositoryOf(name: string): string {
  return repositoryKey(parseReference(name));
}

function digestFiles(
  values: OptionValues,
  destinations: readonly string[],
  { command }: Place,
): readonly Result[] {
  const named = destinations.map((name) => `${repositoryOf(name)}@`);
  const tagged = destinations.map((name) => {
    const { tag = 'latest' } = parseReference(name);
    return `${repositoryOf(name)}:${tag}@`;
  });
  const wanted = [
    ['digest-file', ['']],
    ['image-name-with-digest-file', named],
    ['image-name-tag-with-digest-file', tagged],
  ] as const;
  return wanted.flatMap(([option, before]) => {
    const path = values.text(option);
    if (path === undefined) return [];
    if (/^https?:\/\//.test(path)) refuse(command, `a URL for --${option}`, 'name a file');
    if (before.length === 0) {
      throw new SlipwayError('USAGE', `you must provide --destination if setting --${option}`);
    }
    return [{ kind: 'digest-file', path, before }];
  });
}

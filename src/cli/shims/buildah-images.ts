/** How buildah and podman move images: destinations and sources have a transport in front. */
import { SlipwayError } from '#core/errors.ts';
import type { Place, Plan, SettingsOver } from './program.ts';
import { type OptionValues, type ReadLine, refuse } from './read-options.ts';

/** `docker://` is a registry; without a transport a name is one of a registry, too. */
const TRANSPORT = /^(docker-archive|docker-daemon|oci-archive|containers-storage|ostree|oci|dir):/;

export function planPush({ passed, values, words }: ReadLine, place: Place): Plan {
  const [image, destination, ...more] = words;
  if (image === undefined || more.length > 0) {
    throw new SlipwayError('USAGE', `"${place.command}" takes an image and a destination.`);
  }
  checkFormat(values, ['', 'oci', 'v2s2'], place);
  const options = [...passed, ...(values.isOn('quiet') ? ['--quiet'] : [])];
  const over = { over: credentials(values) };
  if (destination === undefined) return { lines: [['push', ...options, image]], ...over };
  const archive = /^(?:docker|oci)-archive:([^:]+)/.exec(destination)?.[1];
  if (archive !== undefined) return { lines: [['save', '--output', archive, image]] };
  const name = nameOf(destination, place);
  return {
    lines: [
      ['tag', image, name],
      ['push', ...options, name],
    ],
    ...over,
  };
}

export function planPull({ passed, values, words }: ReadLine, place: Place): Plan {
  if (words.length === 0) throw new SlipwayError('USAGE', `"${place.command}" needs an image.`);
  const options = [...passed, ...(values.isOn('quiet') ? ['--quiet'] : [])];
  return {
    lines: words.map((word) => {
      const archive = /^(?:docker|oci)-archive:([^:]+)/.exec(word)?.[1];
      return archive === undefined
        ? ['pull', ...options, nameOf(word, place)]
        : ['load', '--input', archive];
    }),
    over: credentials(values),
  };
}

export function planSave({ values, words }: ReadLine, place: Place): Plan {
  // What save writes is both.
  checkFormat(values, ['', 'docker-archive', 'oci-archive'], place);
  const output = values.text('output');
  const [image = '', ...more] = words;
  const isSeveral = values.isOn('multi-image-archive');
  const tags = isSeveral ? [] : more.map((name) => ['tag', image, name]);
  const target = output === undefined ? [] : ['--output', output];
  return { lines: [...tags, ['save', ...target, ...words]] };
}

/** podman gives several names at once. */
export function planTag({ words }: ReadLine): Plan {
  const [image = '', ...names] = words;
  const lines = names.map((name) => ['tag', image, name]);
  return { lines: lines.length === 0 ? [['tag', ...words]] : lines };
}

function nameOf(word: string, place: Place): string {
  const name = word.replace(/^docker:\/\//, '');
  const transport = TRANSPORT.exec(name)?.[0];
  if (transport === undefined) return name;
  return refuse(place.command, transport, 'use a registry, docker-archive: or oci-archive:');
}

function checkFormat(values: OptionValues, known: readonly string[], place: Place): void {
  const format = values.text('format') ?? '';
  if (known.includes(format)) return;
  refuse(place.command, `--format=${format}`, `use ${known.slice(1).join(' or ')}`);
}

function credentials(values: OptionValues): SettingsOver {
  const credentialsFile = values.text('authfile');
  return credentialsFile === undefined ? {} : { credentialsFile };
}

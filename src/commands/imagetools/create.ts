import { readFileSync } from 'node:fs';
import { annotationsOf } from '#cli/annotation-option.ts';
import { BaseCommand } from '#cli/base-command.ts';
import { list, toggle } from '#cli/flags.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { showNotes } from '#cli/show-notes.ts';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { hostPlatform, parsePlatform } from '#core/platform.ts';

export default class ImagetoolsCreate extends BaseCommand {
  static override readonly summary =
    'Create a new image of those in registries, with all their platforms';
  static override readonly usage = 'imagetools create [OPTIONS] [SOURCE...]';
  static override readonly args = {
    source: {
      description: 'An image in a registry, a digest, or a descriptor as JSON',
      required: false,
      multiple: true,
    },
  } as const;
  static override readonly examples = [
    'slipway imagetools create -t host/app:1 host/app:1-amd64 host/app:1-arm64',
    'slipway imagetools create -t host/app:1 --append host/app:1-riscv64',
    'slipway imagetools create -t other/app:1 host/app:1      # a copy, digest and all',
    'slipway imagetools create --dry-run --platform linux/arm64 host/app:1',
  ];
  static override readonly flags = {
    annotation: list({ description: 'Add annotation: index:KEY=VALUE', helpValue: 'string' }),
    append: toggle({ description: 'Append to what the tag names already' }),
    'dry-run': toggle({ description: 'Show the new image instead of pushing it' }),
    file: list({ char: 'f', description: 'Read source descriptor from file', helpValue: 'file' }),
    platform: list({ description: 'Only images for these platforms', helpValue: 'platforms' }),
    'prefer-index': toggle({
      description: 'Make an index also of a single image; false: a copy of it',
      default: true,
    }),
    tag: list({ char: 't', description: 'Set reference for new image', helpValue: 'name' }),
    ...REGISTRY_FLAGS,
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(ImagetoolsCreate);
    const sources = [...flags.file.map(descriptorIn), ...args.source];
    const isDryRun = flags['dry-run'];
    if (sources.length === 0) throw new SlipwayError('USAGE', 'no sources specified');
    if (!isDryRun && flags.tag.length === 0) {
      throw new SlipwayError(
        'USAGE',
        "can't push with no tags specified, please set --tag or --dry-run",
      );
    }
    const host = hostPlatform(process.arch);
    const platforms = flags.platform.flatMap((words) => words.split(','));
    const engine = await this.engine();
    const { bytes } = await engine.combineImages({
      sources,
      isDryRun,
      tags: flags.tag,
      append: flags.append,
      preferIndex: flags['prefer-index'],
      annotations: annotationsOf(flags.annotation, host),
      platforms: platforms.map((word) => parsePlatform(word, host)),
      events: showNotes(this.host),
      signal: this.host.interrupts.signal,
    });
    if (isDryRun) this.host.stdout.write(`${Buffer.from(bytes).toString('utf8')}\n`);
  }
}

/** @throws FILE_MISSING, FILE_UNUSABLE */
function descriptorIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const isMissing = errnoOf(cause) === 'ENOENT';
    const message = isMissing ? `${path}: no such file` : `${path} cannot be read`;
    throw new SlipwayError(isMissing ? 'FILE_MISSING' : 'FILE_UNUSABLE', message, { cause });
  }
}

import { BaseCommand } from '#cli/base-command.ts';
import { copyPlanJson, copyPlanTable } from '#cli/copy-plan.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { platformOption } from '#cli/platform-option.ts';
import { transferProgress } from '#cli/progress/pick.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { showNotes } from '#cli/show-notes.ts';
import { SlipwayError } from '#core/errors.ts';
import type { ImageCopy } from '#core/image-copy.ts';
import { formatPlace, parsePlace } from '#core/place.ts';
import { isTag } from '#core/reference.ts';

export default class Copy extends BaseCommand {
  static override readonly summary =
    'Copy an image between registries, the local store, folders and files';
  static override readonly usage = 'copy [OPTIONS] SOURCE DESTINATION';
  static override readonly examples = [
    'slipway copy ghcr.io/team/app:1 localhost:5000/app:1',
    'slipway copy -a docker://ghcr.io/team/app docker://localhost:5000/app',
    'slipway copy localhost:5000/app:1 oci:./layout:1',
    'slipway copy store:app:1 bundle:app.tar',
    'slipway copy oci-archive:app.tar localhost:5000/app:1 --dry-run',
  ];
  static override readonly args = {
    source: {
      description:
        '[docker://]NAME[:TAG|@DIGEST], store:NAME, oci:FOLDER[:TAG], oci-archive:, docker-archive: or bundle:FILE[:NAME], or a path',
      required: true,
    },
    destination: { description: 'The same, without a digest', required: true },
  } as const;
  static override readonly flags = {
    'all-tags': toggle({ char: 'a', description: 'Every tag of the source' }),
    platform: text({
      description: 'Of an image for several platforms only this one, such as linux/arm64',
      helpValue: 'string',
    }),
    'no-referrers': toggle({ description: 'Leave signatures, attestations and SBOMs behind' }),
    'no-clobber': toggle({
      char: 'n',
      description: 'Leave tags of the destination that exist as they are',
    }),
    tag: list({
      char: 't',
      description: 'Another tag for the image at the destination',
      helpValue: 'list',
    }),
    'dry-run': toggle({ description: 'Print what would be sent, and write nothing' }),
    format: text({
      description: "How --dry-run prints: 'table' or 'json'",
      helpValue: 'string',
      options: ['table', 'json'],
    }),
    ...REGISTRY_FLAGS,
    quiet: toggle({ char: 'q', description: 'Print the name of the copy only' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Copy);
    const { interrupts, stdout: stream, nowMs } = this.host;
    const [from, to] = [args.source, args.destination];
    const [source, destination] = [parsePlace(from), parsePlace(to)];
    const options = {
      signal: interrupts.signal,
      allTags: flags['all-tags'],
      noReferrers: flags['no-referrers'],
      noClobber: flags['no-clobber'],
      moreTags: tagsIn(flags.tag, flags['all-tags']),
      ...platformOption(flags.platform),
    };
    const engine = await this.engine();
    if (flags['dry-run']) {
      const plan = await engine.planCopy(from, to, { ...options, events: showNotes(this.host) });
      stream.write(flags.format === 'json' ? copyPlanJson(plan) : copyPlanTable(plan));
      return;
    }
    if (!flags.quiet) {
      this.print(`Copying from ${formatPlace(source)} to ${formatPlace(destination)}`);
    }
    await engine.copy(from, to, {
      ...options,
      events: flags.quiet
        ? showNotes(this.host)
        : transferProgress({ stream, nowMs, settings: this.settings() }),
      onCopied: (copied) => this.#tell(copied, flags.quiet),
    });
  }

  #tell({ to, digest, size }: ImageCopy, quiet: boolean): void {
    for (const place of to) {
      this.print(quiet ? place : `${place}: digest: ${digest} size: ${size}`);
    }
  }
}

function tagsIn(tags: readonly string[], allTags: boolean): readonly string[] {
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong !== undefined) {
    throw new SlipwayError('USAGE', `invalid tag "${wrong}"`, {
      hint: 'a tag has letters, digits, dots, dashes and underscores',
    });
  }
  if (allTags && tags.length > 0) {
    throw new SlipwayError('USAGE', '--tag cannot be used with --all-tags', {
      hint: 'copy the image that shall have more tags by itself',
    });
  }
  return tags;
}

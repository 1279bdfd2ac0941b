import { BaseCommand } from '#cli/base-command.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { parseImageFilters } from '#cli/image-filters.ts';
import { imageRowKind, imageRows } from '#cli/image-rows.ts';
import { treeText } from '#cli/image-tree.ts';
import { formatRows } from '#cli/rows.ts';
import { SlipwayError } from '#core/errors.ts';
import type { BrokenImage } from '#core/local-image.ts';
import { familiarReference } from '#core/reference.ts';

export default class Images extends BaseCommand {
  static override readonly summary = 'List local images';
  static override readonly usage = 'images [OPTIONS] [REPOSITORY[:TAG]]';
  static override readonly args = {
    repository: { description: 'Only images of this name or pattern', required: false },
  } as const;
  static override readonly flags = {
    all: toggle({ char: 'a', description: 'Accepted; there are no hidden images' }),
    digests: toggle({ description: 'Show digests' }),
    filter: list({
      char: 'f',
      description:
        'Only images that fit: before=IMAGE, since=IMAGE, until=TIME, dangling=true, label=NAME[=VALUE], reference=PATTERN',
      helpValue: 'filter',
    }),
    format: text({
      description: "Format output: 'table', 'table TEMPLATE', 'json' or a Go template",
      helpValue: 'string',
    }),
    'no-trunc': toggle({ description: 'Show IDs in full' }),
    quiet: toggle({ char: 'q', description: 'Show IDs only' }),
    tree: toggle({ description: 'Show the platforms of each image, and what they take' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Images);
    const nowMs = this.host.nowMs();
    const engine = await this.engine();
    const filters = await parseImageFilters(flags.filter, args.repository, {
      nowMs,
      inspect: (reference) => engine.inspect(reference),
    });
    if (flags.tree) {
      refuseWithTree(flags);
      const trees = await engine.imageTrees({ onBroken: (broken) => this.#warn(broken) });
      const kept = trees.filter(({ image }) => filters.keeps(image));
      const options = { names: filters.names, fullIds: flags['no-trunc'] };
      this.host.stdout.write(treeText(kept, options));
      return;
    }
    const images = await engine.images({ onBroken: (broken) => this.#warn(broken) });
    const rows = imageRows(images.filter(filters.keeps), {
      names: filters.names,
      fullIds: flags['no-trunc'],
      nowMs,
    });
    if (flags.quiet) {
      for (const { ID } of rows) this.print(ID);
      return;
    }
    this.host.stdout.write(formatRows(rows, imageRowKind(flags), flags.format));
  }

  /** It is named here and has no ID to show: kept out of the list, but not silently. */
  #warn({ names, problem }: BrokenImage): void {
    const name = names.map(familiarReference).join(', ') || '<none>';
    this.host.stderr.write(
      `WARNING: ${name} cannot be read: ${problem.message}\n  fix: "slipway system check" says what is lost; pulling or loading it again repairs it\n`,
    );
  }
}

/** In docker's words. */
function refuseWithTree(flags: {
  readonly quiet: boolean;
  readonly digests: boolean;
  readonly format: string | undefined;
}): void {
  const given = {
    quiet: flags.quiet,
    digests: flags.digests,
    format: flags.format !== undefined,
  };
  const [name] = Object.entries(given).find(([, isGiven]) => isGiven) ?? [];
  if (name === undefined) return;
  throw new SlipwayError('USAGE', `--${name} is not yet supported with --tree`);
}

import { BaseCommand } from '#cli/base-command.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { savePlanJson, savePlanTable } from '#cli/save-plan.ts';
import type { ArchivePlanSummary } from '#core/archive-summary.ts';
import { shortId } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { hostPlatform, parsePlatform } from '#core/platform.ts';

export default class Save extends BaseCommand {
  static override readonly summary = 'Save one or more images to a tar archive';
  static override readonly usage = 'save [OPTIONS] IMAGE [IMAGE...]';
  static override readonly args = {
    image: { description: 'A name, a digest or an ID', required: true, multiple: true },
  } as const;
  static override readonly flags = {
    output: text({
      char: 'o',
      description: 'Write to a file, instead of stdout',
      helpValue: 'file',
    }),
    platform: text({
      description: 'Save only this platform of an image that has several',
      helpValue: 'os/arch[/variant]',
    }),
    'no-referrers': toggle({ description: 'Leave signatures, attestations and SBOMs behind' }),
    have: list({
      description:
        'Leave out what the receiver has: its inventory or receipt, an archive it was sent before, or registry://host[/prefix]',
      helpValue: 'file|archive|registry',
    }),
    'dry-run': toggle({ description: 'Print what would be saved, and write nothing' }),
    format: text({
      description: "How --dry-run prints: 'table' or 'json'",
      helpValue: 'string',
      options: ['table', 'json'],
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Save);
    const { stdout, interrupts } = this.host;
    const { signal } = interrupts;
    const options = {
      signal,
      have: flags.have,
      noReferrers: flags['no-referrers'],
      ...(flags.platform === undefined
        ? {}
        : { platform: parsePlatform(flags.platform, hostPlatform(process.arch)) }),
    };
    if (flags['dry-run']) {
      const plan = await (await this.engine()).planSave(args.image, options);
      stdout.write(flags.format === 'json' ? savePlanJson(plan) : savePlanTable(plan));
      return;
    }
    if (flags.output === undefined && stdout.isTTY === true) {
      throw new SlipwayError(
        'USAGE',
        'cowardly refusing to save to a terminal. Use the -o flag or redirect',
      );
    }
    const engine = await this.engine();
    this.#hint(await engine.save(args.image, flags.output ?? stdout, options));
  }

  /** docker says nothing, and its users wonder where the name went. */
  #hint({ images }: ArchivePlanSummary): void {
    for (const { names, digest, subject } of images) {
      if (names.length > 0 || subject !== undefined) continue;
      this.host.stderr.write(
        `note: ${shortId(digest)} was saved without a name and will load as <none>; save it by name to keep that\n`,
      );
    }
  }
}

import { BaseCommand } from '#cli/base-command.ts';
import { diffJson, diffText } from '#cli/diff-text.ts';
import { text, toggle } from '#cli/flags.ts';
import { parseTemplate } from '#cli/template.ts';

export default class ImageDiff extends BaseCommand {
  static override readonly summary = 'Show what two images differ in: config, layers, files';
  static override readonly usage = 'image diff [OPTIONS] IMAGE IMAGE';
  static override readonly args = {
    before: { description: 'A name, a digest or an ID', required: true },
    after: { description: 'The newer one', required: true },
  } as const;
  static override readonly flags = {
    format: text({
      description: "Format output: 'json' or a Go template",
      helpValue: 'string',
    }),
    quiet: toggle({
      char: 'q',
      description: 'Only the exit code: 0 the same, 1 different, 2 trouble',
    }),
    times: toggle({ description: 'Other times of files, images and steps count, too' }),
  };

  protected async run(): Promise<number> {
    const { flags, args } = this.parse(ImageDiff);
    const template = flags.format === undefined ? undefined : parseTemplate(flags.format);
    const engine = await this.engine();
    const diff = await engine.diff(args.before, args.after, {
      times: flags.times,
      signal: this.host.interrupts.signal,
    });
    if (!flags.quiet) {
      if (template) this.print(template.render(diffJson(diff)));
      else this.host.stdout.write(diffText(diff, [args.before, args.after]));
    }
    return diff.isSame ? 0 : 1;
  }

  /** As diff(1): 1 is an answer, 2 is trouble. */
  protected override failureExitCode(): number {
    return 2;
  }
}

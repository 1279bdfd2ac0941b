import { BaseCommand } from '#cli/base-command.ts';
import { buildStruct, buildText } from '#cli/build-text.ts';
import { text } from '#cli/flags.ts';
import { parseTemplate } from '#cli/template.ts';

export default class HistoryInspect extends BaseCommand {
  static override readonly summary = 'Show all about a build: steps, why they ran, what came out';
  static override readonly usage = 'history inspect [OPTIONS] [REF]';
  static override readonly args = {
    ref: { description: 'A ref, or ^N for the Nth before the latest', required: false },
  } as const;
  static override readonly flags = {
    format: text({
      char: 'f',
      description: "Format output: 'pretty' (the default), 'json' or a Go template",
      helpValue: 'string',
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(HistoryInspect);
    const { format = 'pretty' } = flags;
    const template = format === 'pretty' ? undefined : parseTemplate(format, { subject: 'build' });
    const engine = await this.engine();
    const build = await engine.inspectBuild(args.ref ?? '');
    const shown = template
      ? `${template.render(buildStruct(build))}\n`
      : buildText(build, this.host.nowMs());
    this.host.stdout.write(shown);
  }
}

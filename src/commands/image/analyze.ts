import { analysisJson, analysisText, percentOf, percentText } from '#cli/analysis-text.ts';
import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { parseTemplate } from '#cli/template.ts';
import { SlipwayError } from '#core/errors.ts';

export default class ImageAnalyze extends BaseCommand {
  static override readonly summary = 'Show what layers cost, and how much of it later ones hide';
  static override readonly usage = 'image analyze [OPTIONS] IMAGE';
  static override readonly args = {
    image: { description: 'A name, a digest or an ID', required: true },
  } as const;
  static override readonly flags = {
    'fail-under': text({
      description: 'Exit code 1 when the efficiency is lower, such as 95%',
      helpValue: 'percent',
    }),
    format: text({
      description: "Format output: 'json' or a Go template",
      helpValue: 'string',
    }),
    'no-trunc': toggle({ description: 'Show the steps in full' }),
    top: text({ description: 'How many wasted files to show; default 10', helpValue: 'number' }),
  };

  protected async run(): Promise<number> {
    const { flags, args } = this.parse(ImageAnalyze);
    const threshold = flags['fail-under'] === undefined ? 0 : percentIn(flags['fail-under']);
    const top = flags.top === undefined ? 10 : countIn(flags.top);
    const template = flags.format === undefined ? undefined : parseTemplate(flags.format);
    const engine = await this.engine();
    const { signal } = this.host.interrupts;
    const analysis = await engine.analyze(args.image, { signal });
    if (template) this.print(template.render(analysisJson(analysis)));
    else {
      const options = { top, fullSteps: flags['no-trunc'] };
      this.host.stdout.write(analysisText(analysis, options));
    }
    if (percentOf(analysis.efficiency) >= threshold) return 0;
    const found = percentText(analysis.efficiency);
    this.host.stderr.write(`ERROR: the efficiency is ${found}, under ${threshold}%\n`);
    return 1;
  }
}

/** @throws USAGE */
function percentIn(text: string): number {
  const [, number] = /^(\d{1,3}(?:\.\d{1,6})?)%?$/.exec(text) ?? [];
  if (number !== undefined && Number(number) <= 100) return Number(number);
  throw new SlipwayError(
    'USAGE',
    `invalid argument "${text}" for "--fail-under" flag: not 0% to 100%`,
  );
}

/** @throws USAGE */
function countIn(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new SlipwayError('USAGE', `invalid argument "${text}" for "--top" flag: not a number`);
}

import { BaseCommand } from '#cli/base-command.ts';
import { checkText, problemsLeft } from '#cli/check-text.ts';
import { text, toggle } from '#cli/flags.ts';

export default class SystemCheck extends BaseCommand {
  static override readonly summary = 'Look for damage in the local store';
  static override readonly usage = 'system check [OPTIONS]';
  static override readonly flags = {
    format: text({
      description: 'Format output: text or json',
      helpValue: 'string',
      options: ['text', 'json'],
    }),
    quick: toggle({ description: 'Do not read contents: only lengths, documents and rows' }),
    repair: toggle({ description: 'Mend what can be mended; damaged blobs go into quarantine' }),
  };

  protected async run(): Promise<number> {
    const { flags } = this.parse(SystemCheck);
    this.needForeignFiles(this.settings());
    const engine = await this.engine();
    const report = await engine.checkStore({
      quick: flags.quick,
      repair: flags.repair,
      signal: this.host.interrupts.signal,
    });
    if (flags.format === 'json') this.print(JSON.stringify(report, undefined, 4));
    else this.host.stdout.write(checkText(report));
    return problemsLeft(report) === 0 ? 0 : 1;
  }
}

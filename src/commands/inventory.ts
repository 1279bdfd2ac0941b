import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';

export default class Inventory extends BaseCommand {
  static override readonly summary = 'Describe what the local store has, for save --have elsewhere';
  static override readonly usage = 'inventory [OPTIONS]';
  static override readonly flags = {
    output: text({
      char: 'o',
      description: 'Write to a file, instead of stdout',
      helpValue: 'file',
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(Inventory);
    const { stdout, interrupts } = this.host;
    const engine = await this.engine();
    await engine.inventory(flags.output ?? stdout, { signal: interrupts.signal });
  }
}

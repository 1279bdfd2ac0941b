import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { explanationText, reportText } from '#cli/registry-text.ts';

export default class ConfigRegistries extends BaseCommand {
  static override readonly summary = 'Show how registries are reached, and which file says so';
  static override readonly usage = 'config registries [OPTIONS]';
  static override readonly flags = {
    explain: text({
      description: 'Tell all that decides how this image is reached',
      helpValue: 'image',
    }),
    format: text({ description: 'Format output', helpValue: 'string', options: ['json'] }),
    ...REGISTRY_FLAGS,
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(ConfigRegistries);
    const engine = await this.engine();
    const isJson = flags.format === 'json';
    if (flags.explain === undefined) {
      const report = await engine.registryReport();
      this.host.stdout.write(isJson ? json(report) : reportText(report));
    } else {
      const explanation = await engine.explainRegistry(flags.explain);
      this.host.stdout.write(isJson ? json(explanation) : explanationText(explanation));
    }
  }
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { packageVersion } from '#cli/package-root.ts';
import { parseTemplate } from '#cli/template.ts';
import { formatPlatform, hostPlatform } from '#core/platform.ts';

export default class Version extends BaseCommand {
  static override readonly summary = 'Show the version and where things are';
  static override readonly usage = 'version [OPTIONS]';
  static override readonly flags = {
    format: text({
      char: 'f',
      description: "Format output: 'json' or a Go template",
      helpValue: 'string',
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(Version);
    const { engine, origins } = this.settings();
    const facts = {
      Version: packageVersion(),
      NodeVersion: process.version,
      Platform: formatPlatform(hostPlatform(process.arch)),
      Root: engine.root,
      Helper: engine.helper,
    };
    if (flags.format !== undefined) {
      this.print(parseTemplate(flags.format).render(facts));
      return;
    }
    this.print(`Slipway ${facts.Version}`);
    this.print(` Node:      ${facts.NodeVersion}`);
    this.print(` Platform:  ${facts.Platform}`);
    this.print(` Store:     ${facts.Root} (${origins['engine.root']})`);
    this.print(` Helper:    ${facts.Helper} (${origins['engine.helper']})`);
  }
}

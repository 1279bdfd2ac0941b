/**
 * Help, by oclif from its manifest. The only module that loads oclif: running a command needs none
 * of it. No plugin or command is searched for; the manifest says what there is.
 */
import { Config, Help } from '@oclif/core';
import { packageRoot } from './package-root.ts';

/** Help for a command or topic (`['registry', 'serve']`), or for everything, as text. */
export async function helpText(words: readonly string[]): Promise<string> {
  const config = await Config.load({ root: packageRoot(), devPlugins: false, userPlugins: false });
  const help = new CollectingHelp(config, { stripAnsi: true });
  await help.showHelp([...words]);
  return help.text;
}

class CollectingHelp extends Help {
  text = '';

  protected override log(...lines: string[]): void {
    this.text += `${lines.join(' ')}\n`;
  }
}

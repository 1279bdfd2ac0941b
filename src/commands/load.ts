import { BaseCommand } from '#cli/base-command.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { SlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import { familiarReference } from '#core/reference.ts';

export default class Load extends BaseCommand {
  static override readonly summary = 'Load images from a tar archive or OCI layout folder';
  static override readonly usage = 'load [OPTIONS]';
  static override readonly flags = {
    input: text({
      char: 'i',
      description: 'Read from a file, instead of stdin',
      helpValue: 'file',
    }),
    quiet: toggle({ char: 'q', description: 'Accepted; loading is quiet already' }),
    to: text({
      description: 'Send the images to a registry, with nothing kept here',
      helpValue: 'registry://host[:port][/prefix]',
    }),
    map: list({
      description: 'With --to: names below FROM go below TO, such as docker.io=hub',
      helpValue: 'from=to',
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(Load);
    if (flags.map.length > 0 && flags.to === undefined) {
      throw new SlipwayError('USAGE', '--map needs --to', {
        hint: 'names are kept when images are loaded here; "slipway tag" gives others',
      });
    }
    const { stdin, interrupts } = this.host;
    if (flags.input === undefined && stdin.isTTY === true) {
      throw new SlipwayError('USAGE', 'requested load from stdin, but stdin is empty', {
        hint: 'name the archive with -i, or redirect it: slipway load < image.tar',
      });
    }
    const engine = await this.engine();
    const input = flags.input ?? stdin;
    const { signal } = interrupts;
    const { to, map: maps } = flags;
    const loaded =
      to === undefined
        ? await engine.load(input, { signal })
        : await engine.loadTo(input, { to, maps, signal, events: this.#notes() });
    for (const { imageId, names } of loaded) {
      for (const name of names) this.print(`Loaded image: ${familiarReference(name)}`);
      if (names.length === 0) this.print(`Loaded image ID: ${imageId}`);
    }
  }
  /** What was left out, and what the registry has to say. */
  #notes(): EventSink {
    return (event) => {
      if (event.kind === 'note') this.host.stderr.write(`${event.text}\n`);
    };
  }
}

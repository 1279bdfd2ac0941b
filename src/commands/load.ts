import { BaseCommand } from '#cli/base-command.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { platformOption } from '#cli/platform-option.ts';
import { transferProgress } from '#cli/progress/pick.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { showNotes } from '#cli/show-notes.ts';
import { SlipwayError } from '#core/errors.ts';
import type { EventSink } from '#core/events.ts';
import type { LoadedImage } from '#core/local-image.ts';
import { familiarReference } from '#core/reference.ts';

export default class Load extends BaseCommand {
  static override readonly summary = 'Load images from a tar archive or OCI layout folder';
  static override readonly usage = 'load [OPTIONS]';
  static override readonly flags = {
    ...REGISTRY_FLAGS,
    input: list({
      char: 'i',
      description: 'Read from a file, instead of stdin; again for more archives or volumes',
      helpValue: 'file',
    }),
    quiet: toggle({ char: 'q', description: 'Show no progress' }),
    platform: text({
      description: 'Load only this platform of an image that has several',
      helpValue: 'os/arch[/variant]',
    }),
    verify: text({
      description: 'Load only what was signed by the holder of this ed25519 key (PEM)',
      helpValue: 'file',
    }),
    receipt: text({
      description: 'Write what was loaded to a file; it is good for save --have',
      helpValue: 'file',
    }),
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
    const isHere = flags.to === undefined;
    if (!isHere && (flags.platform !== undefined || flags.receipt !== undefined)) {
      throw new SlipwayError('USAGE', '--platform and --receipt do not go with --to', {
        hint: 'a registry takes the archive as it is; it can be asked what it has: save --have registry://…',
      });
    }
    if (flags.map.length > 0 && isHere) {
      throw new SlipwayError('USAGE', '--map needs --to', {
        hint: 'names are kept when images are loaded here; "slipway tag" gives others',
      });
    }
    const { stdin, interrupts } = this.host;
    if (flags.input.length === 0 && stdin.isTTY === true) {
      throw new SlipwayError('USAGE', 'requested load from stdin, but stdin is empty', {
        hint: 'name the archive with -i, or redirect it: slipway load < image.tar',
      });
    }
    const engine = await this.engine();
    const input = flags.input.length > 0 ? flags.input : stdin;
    const { signal } = interrupts;
    const { to, map: maps } = flags;
    const verify = flags.verify === undefined ? {} : { verify: flags.verify };
    if (to !== undefined) {
      const events = showNotes(this.host);
      const loaded = await engine.loadTo(input, { to, maps, signal, events, ...verify });
      this.#printNames(loaded);
      return;
    }
    const loaded: LoadedImage[] = [];
    try {
      await engine.load(input, {
        signal,
        events: this.#events(flags.quiet),
        ...verify,
        onLoaded: (image) => loaded.push(image),
        ...platformOption(flags.platform),
        ...(flags.receipt === undefined ? {} : { receipt: flags.receipt }),
      });
    } finally {
      // Also those that were loaded before a failure.
      this.#printNames(loaded);
    }
  }

  /** As docker, progress on a terminal only. */
  #events(quiet: boolean): EventSink {
    const { stdout: stream, nowMs } = this.host;
    if (quiet || stream.isTTY !== true) return showNotes(this.host);
    return transferProgress({ stream, nowMs, settings: this.settings() });
  }

  #printNames(loaded: readonly LoadedImage[]): void {
    for (const { imageId, names } of loaded) {
      for (const name of names) this.print(`Loaded image: ${familiarReference(name)}`);
      if (names.length === 0) this.print(`Loaded image ID: ${imageId}`);
    }
  }
}

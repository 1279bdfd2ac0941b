import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { platformOption } from '#cli/platform-option.ts';
import { transferProgress } from '#cli/progress/pick.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { formatReference, parseReference, repositoryKey, selectorOf } from '#core/reference.ts';
import type { PushResult } from '#engine.ts';

export default class Push extends BaseCommand {
  static override readonly summary = 'Upload an image to a registry';
  static override readonly usage = 'push [OPTIONS] NAME[:TAG]';
  static override readonly args = {
    image: { description: 'A local image; its name says which registry', required: true },
  } as const;
  static override readonly flags = {
    ...REGISTRY_FLAGS,
    'all-tags': toggle({ char: 'a', description: 'Every tag of the name that is here' }),
    platform: text({
      description: 'Of an image for several platforms only this one, such as linux/arm64',
      helpValue: 'string',
    }),
    quiet: toggle({ char: 'q', description: 'Print the name of the image only' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Push);
    const reference = parseReference(args.image);
    const all = flags['all-tags'];
    const { interrupts, stdout: stream, nowMs } = this.host;
    const { signal } = interrupts;
    const platform = platformOption(flags.platform);
    if (!flags.quiet) {
      if (!all && reference.tag === undefined && reference.digest === undefined) {
        this.print('Using default tag: latest');
      }
      this.print(`The push refers to repository [${repositoryKey(reference)}]`);
    }
    const progress = flags.quiet
      ? {}
      : { events: transferProgress({ stream, nowMs, settings: this.settings() }) };
    const engine = await this.engine();
    const tell = (result: PushResult): void => {
      const { reference: pushed, manifest } = result;
      if (flags.quiet) this.print(formatReference(pushed));
      else this.print(`${selectorOf(pushed)}: digest: ${manifest.digest} size: ${manifest.size}`);
    };
    const context = { signal, ...progress, ...platform };
    if (all) await engine.pushAll(args.image, { ...context, onPushed: tell });
    else tell(await engine.push(args.image, context));
  }
}

import { BaseCommand } from '#cli/base-command.ts';
import { toggle } from '#cli/flags.ts';
import { transferProgress } from '#cli/progress/pick.ts';
import { formatReference, parseReference, repositoryKey, selectorOf } from '#core/reference.ts';

export default class Push extends BaseCommand {
  static override readonly summary = 'Upload an image to a registry';
  static override readonly usage = 'push [OPTIONS] NAME[:TAG]';
  static override readonly args = {
    image: { description: 'A local image; its name says which registry', required: true },
  } as const;
  static override readonly flags = {
    quiet: toggle({ char: 'q', description: 'Print the name of the image only' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Push);
    const reference = parseReference(args.image);
    const { signal } = this.host.interrupts;
    if (flags.quiet) {
      const { reference: pushed } = await (await this.engine()).push(args.image, { signal });
      this.print(formatReference(pushed));
      return;
    }
    if (reference.tag === undefined && reference.digest === undefined) {
      this.print('Using default tag: latest');
    }
    this.print(`The push refers to repository [${repositoryKey(reference)}]`);
    const { stdout: stream, nowMs } = this.host;
    const events = transferProgress({ stream, nowMs, settings: this.settings() });
    const engine = await this.engine();
    const { manifest } = await engine.push(args.image, { signal, events });
    this.print(`${selectorOf(reference)}: digest: ${manifest.digest} size: ${manifest.size}`);
  }
}

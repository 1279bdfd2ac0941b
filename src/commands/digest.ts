import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { platformOption } from '#cli/platform-option.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { SlipwayError } from '#core/errors.ts';
import { formatReference } from '#core/reference.ts';

export default class Digest extends BaseCommand {
  static override readonly summary =
    'Print the digest of an image, in its registry or anywhere else';
  static override readonly usage = 'digest [OPTIONS] IMAGE';
  static override readonly args = {
    image: {
      description: 'A name in a registry, or another place: store:NAME, oci:FOLDER, bundle:FILE',
      required: true,
    },
  } as const;
  static override readonly examples = [
    'slipway digest alpine:3.20                           # of the index with all platforms',
    'slipway digest --platform linux/arm64 alpine:3.20    # of one of its images',
    'slipway digest --full-ref localhost:5000/app:1       # localhost:5000/app@sha256:…',
    'slipway digest store:app:1                           # in the local store',
  ];
  static override readonly flags = {
    'full-ref': toggle({ description: 'Print the name with the digest' }),
    platform: text({
      description: 'Of an image for several platforms, the one for this, such as linux/arm64',
      helpValue: 'string',
    }),
    ...REGISTRY_FLAGS,
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Digest);
    const { signal } = this.host.interrupts;
    const platform = platformOption(flags.platform);
    const engine = await this.engine();
    const { digest, reference } = await engine.digest(args.image, { signal, ...platform });
    if (!flags['full-ref']) return void this.print(digest);
    if (reference) return void this.print(formatReference(reference));
    throw new SlipwayError('USAGE', `${args.image} has no name that --full-ref could print`, {
      hint: 'leave --full-ref out',
    });
  }
}

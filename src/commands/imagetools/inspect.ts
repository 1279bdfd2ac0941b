import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { lookStruct, lookText } from '#cli/imagetools-text.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { parseTemplate } from '#cli/template.ts';
import { SlipwayError } from '#core/errors.ts';

export default class ImagetoolsInspect extends BaseCommand {
  static override readonly summary = 'Show details of an image in its registry';
  static override readonly usage = 'imagetools inspect [OPTIONS] NAME';
  static override readonly args = {
    name: {
      description: 'An image in a registry, or another place: store:NAME, oci:FOLDER, bundle:FILE',
      required: true,
    },
  } as const;
  static override readonly examples = [
    'slipway imagetools inspect alpine',
    'slipway imagetools inspect --raw alpine | sha256sum',
    "slipway imagetools inspect --format '{{json .Image}}' alpine",
    "slipway imagetools inspect --format '{{.Manifest.Digest}}' host/app:1",
  ];
  static override readonly flags = {
    format: text({
      description: 'Format output using a Go template: .Name, .Manifest, .Image',
      helpValue: 'string',
    }),
    raw: toggle({ description: 'Show the manifest as it is, to the byte' }),
    ...REGISTRY_FLAGS,
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(ImagetoolsInspect);
    const { raw, format = '' } = flags;
    if (raw && format !== '') {
      throw new SlipwayError('USAGE', 'format and raw cannot be used together');
    }
    // As buildx has it: the listing.
    const isText = format === '' || format === '{{.Manifest}}';
    const template = isText ? undefined : parseTemplate(format);
    const engine = await this.engine();
    const look = await engine.lookAt(args.name, {
      withConfigs: template !== undefined,
      signal: this.host.interrupts.signal,
    });
    const { stdout } = this.host;
    if (raw) stdout.write(look.raw.bytes);
    else if (template) stdout.write(`${template.render(lookStruct(look, args.name))}\n`);
    else stdout.write(lookText(look, args.name));
  }
}

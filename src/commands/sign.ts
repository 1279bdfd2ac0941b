import { annotationMap } from '#cli/annotation-map.ts';
import { BaseCommand } from '#cli/base-command.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { keyPassword } from '#cli/key-password.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { SlipwayError } from '#core/errors.ts';

export default class Sign extends BaseCommand {
  static override readonly summary = 'Sign images with a key, as cosign does';
  static override readonly usage = 'sign [OPTIONS] --key FILE IMAGE [IMAGE...]';
  static override readonly args = {
    image: {
      description: 'In its registry; or store:NAME, oci:FOLDER',
      required: true,
      multiple: true,
    },
  } as const;
  static override readonly flags = {
    ...REGISTRY_FLAGS,
    annotations: list({
      char: 'a',
      description: 'Something else that the signature says',
      helpValue: 'key=value',
    }),
    key: text({ description: 'The private key (slipway generate-key-pair)', helpValue: 'file' }),
    recursive: toggle({
      char: 'r',
      description: 'Of an image for several platforms, sign each of them, too',
    }),
    'registry-referrers-mode': text({
      description:
        "Where the signature goes: 'legacy', a tag (default); 'oci-1-1', a manifest that refers to the image",
      helpValue: 'string',
      options: ['legacy', 'oci-1-1'],
    }),
    'sign-container-identity': text({
      description:
        'What the signature says the image is called (default: the name of its repository)',
      helpValue: 'string',
    }),
    'tlog-upload': toggle({ description: 'Nothing is told to a public log', hidden: true }),
    yes: toggle({ char: 'y', description: 'Nobody is asked anything', hidden: true }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Sign);
    const { key, 'sign-container-identity': name } = flags;
    if (key === undefined) {
      throw new SlipwayError('USAGE', '"slipway sign" requires --key.', {
        hint: 'slipway generate-key-pair makes one; signing without a key is not there',
      });
    }
    if (flags['tlog-upload']) {
      throw new SlipwayError('USAGE', 'there is no transparency log to upload to', {
        hint: 'leave out --tlog-upload',
      });
    }
    const annotations = annotationMap(flags.annotations);
    const engine = await this.engine();
    for (const image of args.image) {
      await engine.sign(image, {
        ...{ key, annotations, recursive: flags.recursive },
        keyPassword: keyPassword(this.host, this.settings()),
        asReferrer: flags['registry-referrers-mode'] === 'oci-1-1',
        ...(name === undefined ? {} : { name }),
        onSigned: ({ name: where, digest, isNew }) => {
          const text = isNew ? `Pushing signature to: ${where}` : 'Signed already by this key';
          this.host.stderr.write(isNew ? `${text}\n` : `${text}: ${where}@${digest}\n`);
        },
        signal: this.host.interrupts.signal,
      });
    }
  }
}

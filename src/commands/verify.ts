import { annotationMap } from '#cli/annotation-map.ts';
import { BaseCommand } from '#cli/base-command.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { SlipwayError } from '#core/errors.ts';

export default class Verify extends BaseCommand {
  static override readonly summary = 'Check that images were signed with a key';
  static override readonly usage = 'verify [OPTIONS] --key FILE IMAGE [IMAGE...]';
  static override readonly args = {
    image: {
      description: 'In its registry; or store:NAME, oci:FOLDER, bundle:FILE',
      required: true,
      multiple: true,
    },
  } as const;
  static override readonly flags = {
    ...REGISTRY_FLAGS,
    annotations: list({
      char: 'a',
      description: 'What the signature must say besides',
      helpValue: 'key=value',
    }),
    'container-identity': text({
      description: 'What the signature must call the image (default: anything)',
      helpValue: 'string',
    }),
    'insecure-ignore-tlog': toggle({ description: 'No log is asked', hidden: true }),
    key: text({ description: 'The public key', helpValue: 'file' }),
    output: text({
      char: 'o',
      description: "How to print what was signed: 'json' (default) or 'text'",
      helpValue: 'string',
      options: ['json', 'text'],
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Verify);
    const { key, 'container-identity': name } = flags;
    if (key === undefined) {
      throw new SlipwayError('USAGE', '"slipway verify" requires --key.', {
        hint: 'name the public key of who signs',
      });
    }
    const annotations = annotationMap(flags.annotations);
    const engine = await this.engine();
    for (const image of args.image) {
      const claims = await engine.verify(image, {
        ...{ key, annotations },
        ...(name === undefined ? {} : { name }),
        signal: this.host.interrupts.signal,
      });
      this.host.stderr.write(checksText(image));
      const documents = claims.map(({ document }) => document);
      if (flags.output !== 'text') this.print(JSON.stringify(documents));
      else for (const document of documents) this.print(JSON.stringify(document));
    }
  }
}

/** cosign's words. */
function checksText(image: string): string {
  return [
    '',
    `Verification for ${image} --`,
    'The following checks were performed on each of these signatures:',
    '  - The cosign claims were validated',
    '  - The signatures were verified against the specified public key',
    '',
  ].join('\n');
}

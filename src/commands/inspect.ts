import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { inspectImages } from '#cli/inspect-images.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';

/** What docker can inspect; all but images are not in this store. */
const TYPES = [
  ...['config', 'container', 'image', 'network', 'node', 'plugin', 'secret', 'service', 'task'],
  'volume',
];

export default class Inspect extends BaseCommand {
  static override readonly summary = 'Show all about one or more images, as JSON';
  static override readonly usage = 'inspect [OPTIONS] NAME|ID [NAME|ID...]';
  static override readonly args = {
    image: { description: 'A name, a digest or an ID', required: true, multiple: true },
  } as const;
  static override readonly flags = {
    format: text({
      char: 'f',
      description: "Format output: 'json' or a Go template",
      helpValue: 'string',
    }),
    size: toggle({ char: 's', description: 'Accepted; images always tell their size' }),
    type: text({ description: 'Only inspect objects of this type: image', helpValue: 'string' }),
  };

  protected async run(): Promise<number> {
    const { flags, args } = this.parse(Inspect);
    const { type } = flags;
    if (type !== undefined && !TYPES.includes(type)) {
      const known = TYPES.map((name) => `"${name}"`).join(', ');
      throw new SlipwayError('USAGE', `unknown type: "${type}": must be one of ${known}`);
    }
    if (flags.size) this.host.stderr.write('WARNING: --size ignored for image\n');
    const { text: output, failures } = await inspectImages({
      images: args.image,
      format: flags.format,
      engine: async () => (type === undefined || type === 'image' ? await this.engine() : NOTHING),
      report: (error) => this.report(asObject(error, type)),
    });
    this.host.stdout.write(output);
    return failures === 0 ? 0 : 1;
  }
}

/** Where there are no containers, volumes and so on. */
const NOTHING = {
  inspect: async (name: string): Promise<never> => {
    throw new SlipwayError('IMAGE_UNKNOWN', `No such image: ${name}`);
  },
};

/** Without a type docker speaks of objects. */
function asObject(error: unknown, type: string | undefined): unknown {
  if (type === 'image' || !isSlipwayError(error, 'IMAGE_UNKNOWN')) return error;
  return new SlipwayError(
    'IMAGE_UNKNOWN',
    error.message.replace('No such image', `No such ${type ?? 'object'}`),
    error.hint === undefined ? {} : { hint: error.hint },
  );
}

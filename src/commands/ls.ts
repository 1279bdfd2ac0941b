import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { limitOption } from '#cli/limit-option.ts';
import { listingTarget } from '#cli/listing-target.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';

/** cosign's tags, and those of registries without the referrers API. */
const DIGEST_TAG = /^sha\d+-[0-9a-f]{64,}/;

export default class Ls extends BaseCommand {
  static override readonly summary =
    'List the tags of a repository in its registry, or the repositories of a registry';
  static override readonly usage = 'ls [OPTIONS] REGISTRY[/REPOSITORY]';
  static override readonly examples = [
    'slipway ls localhost:5000             # the repositories of a registry',
    'slipway ls localhost:5000/team/app    # the tags of a repository',
    'slipway ls --format json alpine       # of Docker Hub, for programs',
  ];
  static override readonly args = {
    name: {
      description: 'A repository (localhost:5000/app), or a registry (localhost:5000)',
      required: true,
    },
  } as const;
  static override readonly flags = {
    format: text({ description: 'Format output', helpValue: 'string', options: ['json'] }),
    limit: text({ char: 'n', description: 'How many names at most', helpValue: 'int' }),
    'omit-digest-tags': toggle({
      description: 'Leave out tags made of digests, under which signatures are kept',
    }),
    ...REGISTRY_FLAGS,
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Ls);
    const target = listingTarget(args.name);
    const options = { ...limitOption(flags.limit), signal: this.host.interrupts.signal };
    const engine = await this.engine();
    if (target.kind === 'registry') {
      const repositories = await engine.catalog(target.registry, options);
      this.#write(repositories, { repositories }, flags.format);
    } else {
      const all = await engine.remoteTags(target.name, options);
      const tags = flags['omit-digest-tags'] ? all.filter((tag) => !DIGEST_TAG.test(tag)) : all;
      this.#write(tags, { name: target.name, tags }, flags.format);
    }
  }

  /** A name a line; as JSON in the shape that registries answer in. */
  #write(names: readonly string[], document: object, format: string | undefined): void {
    this.host.stdout.write(
      format === 'json'
        ? `${JSON.stringify(document, null, 2)}\n`
        : names.map((name) => `${name}\n`).join(''),
    );
  }
}

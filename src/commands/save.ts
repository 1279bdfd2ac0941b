import { assignments } from '#cli/assignments.ts';
import { BaseCommand } from '#cli/base-command.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { keyPassword } from '#cli/key-password.ts';
import { platformOption } from '#cli/platform-option.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { savePlanJson, savePlanTable } from '#cli/save-plan.ts';
import { showNotes } from '#cli/show-notes.ts';
import type { ArchivePlanSummary } from '#core/archive-summary.ts';
import { shortId } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import type { ForBuild, SaveOptions } from '#engine.ts';

export default class Save extends BaseCommand {
  static override readonly summary = 'Save one or more images to a tar archive';
  static override readonly usage = 'save [OPTIONS] IMAGE [IMAGE...]';
  static override readonly args = {
    image: { description: 'A name, a digest or an ID', required: false, multiple: true },
  } as const;
  static override readonly flags = {
    ...REGISTRY_FLAGS,
    output: text({
      char: 'o',
      description: 'Write to a file, instead of stdout',
      helpValue: 'file',
    }),
    platform: text({
      description: 'Save only this platform of an image that has several',
      helpValue: 'os/arch[/variant]',
    }),
    'no-referrers': toggle({ description: 'Leave signatures, attestations and SBOMs behind' }),
    have: list({
      description:
        'Leave out what the receiver has: its inventory or receipt, an archive it was sent before, or registry://host[/prefix]',
      helpValue: 'file|archive|registry',
    }),
    'volume-size': text({
      description:
        'Split the file into volumes of at most this size, such as 4G: FILE.001, FILE.002, …',
      helpValue: 'bytes',
    }),
    volumes: list({
      description: 'With --volume-size: write these volumes only, such as 3 or 2,5',
      helpValue: 'number',
    }),
    'for-build': text({
      description:
        'Save the images that a build of this Dockerfile needs; what is not here is pulled',
      helpValue: 'Dockerfile',
    }),
    target: text({
      description: 'With --for-build: the stage that is to be built',
      helpValue: 'string',
    }),
    'build-arg': list({
      description: 'With --for-build: a build-time variable, NAME=VALUE or NAME',
      helpValue: 'list',
    }),
    sign: text({
      description: 'Sign the archive with an ed25519 private key (PEM)',
      helpValue: 'file',
    }),
    'dry-run': toggle({ description: 'Print what would be saved, and write nothing' }),
    format: text({
      description: "How --dry-run prints: 'table' or 'json'",
      helpValue: 'string',
      options: ['table', 'json'],
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Save);
    const { stdout, interrupts } = this.host;
    const { signal } = interrupts;
    const images = args.image ?? [];
    const forBuild = this.#forBuild(flags);
    if (images.length === 0 && !forBuild) {
      throw new SlipwayError('USAGE', '"slipway save" requires at least 1 argument.', {
        hint: 'name images, or a Dockerfile with --for-build',
      });
    }
    const volumes = volumesIn(flags['volume-size'], flags);
    const options = {
      ...(forBuild ? { forBuild } : {}),
      signal,
      events: showNotes(this.host),
      have: flags.have,
      noReferrers: flags['no-referrers'],
      ...platformOption(flags.platform),
    };
    if (flags['dry-run']) {
      const plan = await (await this.engine()).planSave(images, options);
      stdout.write(flags.format === 'json' ? savePlanJson(plan) : savePlanTable(plan));
      return;
    }
    if (flags.output === undefined && stdout.isTTY === true) {
      throw new SlipwayError(
        'USAGE',
        'cowardly refusing to save to a terminal. Use the -o flag or redirect',
      );
    }
    const engine = await this.engine();
    const saved = await engine.save(images, flags.output ?? stdout, {
      ...options,
      ...volumes,
      ...(flags.sign === undefined
        ? {}
        : { sign: flags.sign, keyPassword: keyPassword(this.host, this.settings()) }),
    });
    this.#hint(saved);
  }

  #forBuild({
    'for-build': dockerfile,
    target,
    'build-arg': args,
  }: {
    readonly 'for-build': string | undefined;
    readonly target: string | undefined;
    readonly 'build-arg': readonly string[];
  }): ForBuild | undefined {
    if (dockerfile !== undefined) {
      const buildArgs = assignments(args, this.settings().variable);
      return { dockerfile, buildArgs, ...(target === undefined ? {} : { target }) };
    }
    if (target === undefined && args.length === 0) return undefined;
    throw new SlipwayError('USAGE', '--target and --build-arg need --for-build', {
      hint: 'name the Dockerfile: --for-build Dockerfile',
    });
  }

  /** docker says nothing, and its users wonder where the name went. */
  #hint({ images }: ArchivePlanSummary): void {
    for (const { names, digest, subject } of images) {
      if (names.length > 0 || subject !== undefined) continue;
      this.host.stderr.write(
        `note: ${shortId(digest)} was saved without a name and will load as <none>; save it by name to keep that\n`,
      );
    }
  }
}

function volumesIn(
  size: string | undefined,
  { output, volumes }: { readonly output: string | undefined; readonly volumes: readonly string[] },
): Pick<SaveOptions, 'volumes'> {
  if (size === undefined && volumes.length === 0) return {};
  if (size === undefined) {
    throw new SlipwayError('USAGE', '--volumes needs --volume-size', {
      hint: 'give the same size as before',
    });
  }
  if (output === undefined) {
    throw new SlipwayError('USAGE', '--volume-size needs -o', {
      hint: 'volumes are named after the file: -o x.tar gives x.tar.001, x.tar.002, …',
    });
  }
  const numbers = volumes.flatMap((text) => text.split(','));
  const wrong = numbers.find((text) => !/^0*[1-9]\d{0,3}$/.test(text));
  if (wrong !== undefined) {
    throw new SlipwayError('USAGE', `invalid volume "${wrong}"`, {
      hint: 'volumes are numbered from 1: --volumes 3 or --volumes 2,5',
    });
  }
  const only = numbers.length === 0 ? {} : { only: new Set(numbers.map(Number)) };
  return { volumes: { size, ...only } };
}

import { BaseCommand } from '#cli/base-command.ts';
import { toggle } from '#cli/flags.ts';
import { noteLine } from '#cli/show-notes.ts';
import { SlipwayError } from '#core/errors.ts';

export default class ImageCp extends BaseCommand {
  static override readonly summary = 'Copy files or folders out of an image';
  static override readonly usage = 'image cp [OPTIONS] IMAGE:SRC_PATH DEST_PATH|-';
  static override readonly args = {
    source: {
      description: 'IMAGE:/path; /. at its end means what is in the folder',
      required: true,
    },
    destination: { description: 'A path here; - writes a tar to stdout', required: true },
  } as const;
  static override readonly flags = {
    archive: toggle({ char: 'a', description: 'Keep owners, which only root can' }),
    'follow-link': toggle({ char: 'L', description: 'Follow a symlink at the end of SRC_PATH' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(ImageCp);
    const { stdout, stderr, interrupts } = this.host;
    const { image, path } = splitSource(args.source);
    if (args.destination === '-' && stdout.isTTY === true) {
      throw new SlipwayError(
        'USAGE',
        'cowardly refusing to copy to a terminal. Name a folder or redirect',
      );
    }
    const engine = await this.engine();
    const warnings = await engine.copyFiles(image, {
      source: path,
      destination: args.destination === '-' ? stdout : args.destination,
      followLink: flags['follow-link'],
      keepOwner: flags.archive,
      signal: interrupts.signal,
    });
    for (const warning of warnings) stderr.write(noteLine(warning, 'warning'));
  }
}

/** Names have colons too; the path's is the one before a slash. @throws USAGE */
function splitSource(text: string): { readonly image: string; readonly path: string } {
  const colon = text.indexOf(':/');
  if (colon > 0) return { image: text.slice(0, colon), path: text.slice(colon + 1) };
  throw new SlipwayError('USAGE', `"${text}" names no path in an image`, {
    hint: 'write IMAGE:/path; files cannot be copied into an image, a build FROM it can',
  });
}

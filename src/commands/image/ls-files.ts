import { BaseCommand } from '#cli/base-command.ts';
import { FILE_ROWS, fileLines, fileRow } from '#cli/file-rows.ts';
import { text, toggle } from '#cli/flags.ts';
import { formatRows } from '#cli/rows.ts';
import { SlipwayError } from '#core/errors.ts';

export default class ImageLsFiles extends BaseCommand {
  static override readonly summary = 'List the files of an image';
  static override readonly usage = 'image ls-files [OPTIONS] IMAGE [PATH]';
  static override readonly args = {
    image: { description: 'A name, a digest or an ID', required: true },
    path: { description: 'Only this file, or what is below this folder', required: false },
  } as const;
  static override readonly flags = {
    depth: text({ description: 'How many levels below PATH; default all', helpValue: 'number' }),
    format: text({
      description: "Format output: 'table TEMPLATE', 'json' (an object a line) or a Go template",
      helpValue: 'string',
    }),
    layer: toggle({ description: 'Show the number of the layer that brought each, 1 the lowest' }),
    long: toggle({ char: 'l', description: 'Show mode, owner, size and time, as ls -ln' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(ImageLsFiles);
    const { stdout, interrupts } = this.host;
    const depthMax = flags.depth === undefined ? undefined : depthIn(flags.depth);
    const engine = await this.engine();
    const files = await engine.listFiles(args.image, {
      signal: interrupts.signal,
      ...(args.path === undefined ? {} : { path: args.path }),
      ...(depthMax === undefined ? {} : { depthMax }),
    });
    if (flags.format !== undefined) {
      stdout.write(formatRows(files.map(fileRow), FILE_ROWS, flags.format));
      return;
    }
    const { long, layer } = flags;
    const lines = fileLines(files, { long, layer, escape: stdout.isTTY === true });
    stdout.write(Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1'));
  }
}

/** @throws USAGE */
function depthIn(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new SlipwayError('USAGE', `invalid argument "${text}" for "--depth" flag: not 1 to 9999`);
}

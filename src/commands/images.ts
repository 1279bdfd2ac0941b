import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { type ImageRow, imageRows } from '#cli/image-rows.ts';
import { formatTable } from '#cli/table.ts';
import { parseTemplate } from '#cli/template.ts';

/** Headings of `--format "table …"` by field. */
const HEADINGS: Readonly<Record<string, string>> = {
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  ID: 'IMAGE ID',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
};

export default class Images extends BaseCommand {
  static override readonly summary = 'List local images';
  static override readonly usage = 'images [OPTIONS] [REPOSITORY[:TAG]]';
  static override readonly args = {
    repository: { description: 'Only images of this name', required: false },
  } as const;
  static override readonly flags = {
    all: toggle({ char: 'a', description: 'Accepted; there are no hidden images' }),
    digests: toggle({ description: 'Show digests' }),
    format: text({
      description: "Format output: 'table TEMPLATE', 'json' or a Go template",
      helpValue: 'string',
    }),
    'no-trunc': toggle({ description: 'Show IDs in full' }),
    quiet: toggle({ char: 'q', description: 'Show IDs only' }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Images);
    const engine = await this.engine();
    const rows = imageRows(await engine.images(), {
      filter: args.repository,
      fullIds: flags['no-trunc'],
      nowMs: this.host.nowMs(),
    });
    if (flags.quiet) {
      for (const { ID } of rows) this.print(ID);
      return;
    }
    const fields = ['Repository', 'Tag', ...(flags.digests ? ['Digest'] : [])];
    const format =
      flags.format ??
      `table ${[...fields, 'ID', 'CreatedSince', 'Size'].map((field) => `{{.${field}}}`).join('\t')}`;
    this.host.stdout.write(formatRows(rows, format));
  }
}

function formatRows(rows: readonly ImageRow[], format: string): string {
  const template = parseTemplate(format);
  const lines = rows.map((row) => template.render(row));
  if (!template.isTable) return lines.map((line) => `${line}\n`).join('');
  const header = template.fields.map((field) => HEADINGS[field] ?? field.toUpperCase());
  return formatTable(
    header,
    lines.map((line) => line.split('\t')),
  );
}

import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';
import { humanSize } from '#cli/format.ts';
import { formatRows } from '#cli/rows.ts';
import { parseTemplate } from '#cli/template.ts';
import {
  CACHE_USAGE_ROWS,
  cacheUsageRows,
  IMAGE_USAGE_ROWS,
  imageUsageRows,
  USAGE_ROWS,
  usageRows,
} from '#cli/usage-rows.ts';
import type { ImageSummary } from '#core/local-image.ts';
import type { DiskUsage } from '#core/store-report.ts';

export default class SystemDf extends BaseCommand {
  static override readonly summary = 'Show what takes the disk of the local store';
  static override readonly usage = 'system df [OPTIONS]';
  static override readonly flags = {
    format: text({
      description: "Format output: 'table', 'table TEMPLATE', 'json' or a Go template",
      helpValue: 'string',
    }),
    verbose: toggle({ char: 'v', description: 'Show each image and build cache entry' }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(SystemDf);
    this.needForeignFiles(this.settings());
    const engine = await this.engine();
    const usage = await engine.diskUsage();
    const text = flags.verbose
      ? this.#verbose(usage, await engine.images(), flags.format)
      : formatRows(usageRows(usage), USAGE_ROWS, flags.format);
    this.host.stdout.write(text);
  }

  /** docker's four tables, or one document with the four lists. */
  #verbose(usage: DiskUsage, images: readonly ImageSummary[], format: string | undefined): string {
    const nowMs = this.host.nowMs();
    const imageRows = imageUsageRows(usage, images, nowMs);
    const cacheRows = cacheUsageRows(usage, nowMs);
    if (format !== undefined && format !== 'table') {
      const lists = { Images: imageRows, Containers: [], Volumes: [], BuildCache: cacheRows };
      return `${parseTemplate(format, { subject: 'disk usage' }).render(lists)}\n`;
    }
    return [
      'Images space usage:\n\n',
      formatRows(imageRows, IMAGE_USAGE_ROWS, undefined),
      '\nContainers space usage:\n\n',
      'CONTAINER ID   IMAGE     COMMAND   LOCAL VOLUMES   SIZE      CREATED   STATUS    NAMES\n',
      '\nLocal Volumes space usage:\n\n',
      'VOLUME NAME   LINKS     SIZE\n',
      `\nBuild cache usage: ${humanSize(usage.rows.cache.sizeBytes)}\n\n`,
      formatRows(cacheRows, CACHE_USAGE_ROWS, undefined),
    ].join('');
  }
}

import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { humanSize, timeSince } from '#cli/format.ts';
import { formatTable } from '#cli/table.ts';
import type { RegistryFigures } from '#core/registry-keeping.ts';

const TOP = 10;

export default class RegistryStats extends BaseCommand {
  static override readonly summary =
    'Show what the registry holds: how much, what is biggest, what nobody pulls';
  static override readonly usage = 'registry stats [OPTIONS]';
  static override readonly examples = [
    'slipway registry stats',
    "slipway registry stats --format json | jq '.biggest[0]'",
  ];
  static override readonly flags = {
    format: text({
      description: 'Format output: text or json',
      helpValue: 'string',
      options: ['text', 'json'],
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(RegistryStats);
    const keeping = await (await this.engine()).registryKeeping();
    const figures = await keeping.stats(TOP);
    if (flags.format === 'json') this.print(JSON.stringify(figures, undefined, 4));
    else this.host.stdout.write(figuresText(figures, Date.now()));
  }
}

function figuresText(figures: RegistryFigures, nowMs: number): string {
  const { repositories, tags, manifests, bytes, shownBytes, uploads } = figures;
  const rows: readonly (readonly [string, string])[] = [
    ['Repositories:', String(repositories)],
    ['Tags:', String(tags)],
    ['Manifests:', String(manifests)],
    ['Blobs on disk:', humanSize(bytes)],
    ['Shown by repositories:', `${humanSize(shownBytes)} (${ratio(shownBytes, bytes)} times that)`],
    ['Uploads under way:', String(uploads)],
  ];
  const head = rows.map(([name, value]) => `${name.padEnd(24)}${value}\n`).join('');
  if (repositories === 0) return head;
  const biggest = formatTable(
    ['BIGGEST', 'SIZE'],
    figures.biggest.map(({ repository, bytes: size }) => [repository, humanSize(size)]),
  );
  const pulled = formatTable(
    ['LEAST PULLED', 'PULLED', 'PUSHED'],
    figures.leastPulled.map(({ repository, tag, pulledAtMs, putAtMs }) => [
      `${repository}:${tag}`,
      pulledAtMs === 0 ? 'never' : since(pulledAtMs, nowMs),
      since(putAtMs, nowMs),
    ]),
  );
  return `${head}\n${biggest}\n${pulled}`;
}

function ratio(shown: number, bytes: number): string {
  return (bytes === 0 ? 1 : shown / bytes).toFixed(2);
}

function since(atMs: number, nowMs: number): string {
  return timeSince(new Date(atMs).toISOString(), nowMs);
}

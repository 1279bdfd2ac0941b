import { BaseCommand } from '#cli/base-command.ts';
import { list, text, toggle } from '#cli/flags.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { formatRows } from '#cli/rows.ts';
import { SEARCH_ROW_KIND, searchFilters, searchRows } from '#cli/search-rows.ts';
import { searchTerm } from '#cli/search-term.ts';
import { SlipwayError } from '#core/errors.ts';

const LIMIT_MAX = 100;

export default class Search extends BaseCommand {
  static override readonly summary = 'Search Docker Hub, or any registry, for repositories';
  static override readonly usage = 'search [OPTIONS] [REGISTRY/]TERM';
  static override readonly examples = [
    'slipway search nginx                             # Docker Hub',
    'slipway search --filter stars=100 --limit 5 nginx',
    'slipway search localhost:5000/app                # a registry of your own',
  ];
  static override readonly args = {
    term: {
      description: 'Part of a name; behind a registry (localhost:5000/app) it is asked there',
      required: true,
    },
  } as const;
  static override readonly flags = {
    filter: list({
      char: 'f',
      description: 'Only those that fit: stars=NUMBER, is-official=true',
      helpValue: 'filter',
    }),
    format: text({
      description: "Format output: 'table', 'table TEMPLATE', 'json' or a Go template",
      helpValue: 'string',
    }),
    limit: text({ description: 'How many at most (default 25)', helpValue: 'int' }),
    'no-trunc': toggle({ description: 'Show descriptions in full' }),
    ...REGISTRY_FLAGS,
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(Search);
    const { term, registry } = searchTerm(args.term);
    const keeps = searchFilters(flags.filter);
    const limit = limitOf(flags.limit);
    const engine = await this.engine();
    const results = await engine.search(term, {
      signal: this.host.interrupts.signal,
      ...(registry === undefined ? {} : { registry }),
      ...(limit === undefined ? {} : { limit }),
    });
    const rows = searchRows(results.filter(keeps), { noTrunc: flags['no-trunc'] });
    this.host.stdout.write(formatRows(rows, SEARCH_ROW_KIND, flags.format));
  }
}

/** docker's bounds, in its words; 0 stands for what it does unasked. */
function limitOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '0') return undefined;
  const limit = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new SlipwayError(
    'USAGE',
    Number.isNaN(limit)
      ? `invalid argument "${text}" for "--limit" flag: not a number`
      : `limit ${limit} is outside the range of [1, ${LIMIT_MAX}]`,
  );
}

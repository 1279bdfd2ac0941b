import { BaseCommand } from '#cli/base-command.ts';
import { optionalToggle, text, toggle } from '#cli/flags.ts';
import { REGISTRY_FLAGS } from '#cli/registry-flags.ts';
import { showNotes } from '#cli/show-notes.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { SyncResult, SyncStep } from '#core/mirror.ts';

const WORDS = {
  copy: 'copied',
  update: 'updated',
  keep: 'up to date',
  remove: 'removed',
} as const;
const PLANS = {
  copy: 'to copy',
  update: 'to update',
  keep: 'up to date',
  remove: 'to remove',
} as const;

export default class Sync extends BaseCommand {
  static override readonly summary = 'Keep repositories of a registry as a mirror file says';
  static override readonly usage = 'sync [OPTIONS] -f FILE [DESTINATION]';
  static override readonly examples = [
    'slipway sync -f mirror.yaml --dry-run',
    'slipway sync -f mirror.yaml',
    'slipway sync -f skopeo-sync.yml localhost:5000/mirror',
  ];
  static override readonly args = {
    destination: {
      description: 'HOST/PREFIX for what the file gives no destination',
      required: false,
    },
  } as const;
  static override readonly flags = {
    file: text({ char: 'f', description: 'The mirror file (docs/sync.md)', helpValue: 'file' }),
    'dry-run': toggle({ description: 'Print what would be done, and change nothing' }),
    all: toggle({
      char: 'a',
      description: 'Look at images that are up to date, too: for signatures that came later',
    }),
    prune: optionalToggle({
      description: 'Remove tags of the destination that are not selected, whatever the file says',
    }),
    scoped: toggle({ description: 'Put names below the host that they come from' }),
    format: text({
      description: "How to print: 'table' (lines) or 'json'",
      helpValue: 'string',
      options: ['table', 'json'],
    }),
    ...REGISTRY_FLAGS,
    quiet: toggle({ char: 'q', description: 'Print nothing but what failed' }),
  };

  protected async run(): Promise<number | undefined> {
    const { flags, args } = this.parse(Sync);
    const { file, prune, 'dry-run': dryRun } = flags;
    if (file === undefined) {
      throw new SlipwayError('USAGE', '"slipway sync" requires a mirror file.', {
        hint: 'name it with -f mirror.yaml; docs/sync.md says what it looks like',
      });
    }
    const isJson = flags.format === 'json';
    const words = dryRun ? PLANS : WORDS;
    const tell = ({ action, from, to, digest }: SyncStep): void => {
      const places = from === undefined ? to : `${from} -> ${to}`;
      this.print(`${places}: ${words[action]} ${digest}`);
    };
    const engine = await this.engine();
    const result = await engine.sync(file, {
      ...(args.destination === undefined ? {} : { destination: args.destination }),
      ...(prune === undefined ? {} : { prune }),
      ...{ dryRun, all: flags.all, scoped: flags.scoped },
      signal: this.host.interrupts.signal,
      events: showNotes(this.host),
      ...(flags.quiet || isJson ? {} : { onStep: tell }),
      onFailure: ({ what, error }) => {
        const fix =
          isSlipwayError(error) && error.hint !== undefined ? `  fix: ${error.hint}\n` : '';
        this.host.stderr.write(`ERROR: ${what}: ${error.message}\n${fix}`);
      },
    });
    if (isJson) this.print(JSON.stringify(jsonOf(result), undefined, 2));
    else if (!flags.quiet) this.print(summaryOf(result, words));
    return result.failures.length > 0 ? 1 : undefined;
  }
}

function summaryOf({ steps, failures }: SyncResult, words: typeof WORDS | typeof PLANS): string {
  const count = (action: SyncStep['action']): string =>
    `${steps.filter((step) => step.action === action).length} ${words[action]}`;
  const done = (['copy', 'update', 'keep', 'remove'] as const).map(count).join(', ');
  const names = failures.map(({ what }) => what);
  return failures.length === 0 ? done : `${done}, ${failures.length} failed: ${names.join(', ')}`;
}

function jsonOf({ steps, failures }: SyncResult): object {
  return {
    steps,
    failures: failures.map(({ what, error }) => ({ what, error: error.message })),
  };
}

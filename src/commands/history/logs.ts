import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { PlainProgress } from '#cli/progress/plain.ts';
import { RawJsonProgress } from '#cli/progress/raw-json.ts';

const MODES = ['plain', 'rawjson'] as const;

export default class HistoryLogs extends BaseCommand {
  static override readonly summary = 'Print the whole log of a build';
  static override readonly usage = 'history logs [OPTIONS] [REF]';
  static override readonly args = {
    ref: { description: 'A ref, or ^N for the Nth before the latest', required: false },
  } as const;
  static override readonly flags = {
    progress: text({
      description: 'How: plain (the default) or rawjson',
      helpValue: 'string',
      options: MODES,
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(HistoryLogs);
    const write = (shown: string): void => void this.host.stdout.write(shown);
    const engine = await this.engine();
    let display: PlainProgress | RawJsonProgress | undefined;
    await engine.replayBuild(args.ref ?? '', (originMs) => {
      display =
        flags.progress === 'rawjson'
          ? new RawJsonProgress(write, originMs)
          : new PlainProgress(write);
      return display.sink;
    });
    display?.finish();
  }
}

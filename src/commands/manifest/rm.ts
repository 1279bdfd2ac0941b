import { BaseCommand } from '#cli/base-command.ts';

export default class ManifestRm extends BaseCommand {
  static override readonly summary = 'Delete one or more local manifest lists';
  static override readonly usage = 'manifest rm MANIFEST_LIST [MANIFEST_LIST...]';
  static override readonly args = {
    list: { description: 'A local manifest list', required: true, multiple: true },
  } as const;

  protected async run(): Promise<number> {
    const { args } = this.parse(ManifestRm);
    const engine = await this.engine();
    let exitCode = 0;
    for (const list of args.list) {
      try {
        await engine.removeManifestList(list);
      } catch (error) {
        this.report(error);
        exitCode = 1;
      }
    }
    return exitCode;
  }
}

import { BaseCommand } from '#cli/base-command.ts';
import { registryArgument } from '#cli/registry-argument.ts';

export default class Logout extends BaseCommand {
  static override readonly summary = 'Log out from a registry';
  static override readonly usage = 'logout [SERVER]';
  static override readonly args = {
    server: { description: 'host[:port]; Docker Hub without', required: false },
  } as const;

  protected async run(): Promise<undefined> {
    const { args } = this.parse(Logout);
    const registry = registryArgument(args.server);
    await (await this.engine()).logout(registry);
    this.print(`Removing login credentials for ${registry}`);
  }
}

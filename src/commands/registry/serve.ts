import { once } from 'node:events';
import { BaseCommand } from '#cli/base-command.ts';
import { text, toggle } from '#cli/flags.ts';

const ADDRESS_DEFAULT = '127.0.0.1:5000';

export default class RegistryServe extends BaseCommand {
  static override readonly summary = 'Serve the local store as a registry until interrupted';
  static override readonly usage = 'registry serve [OPTIONS]';
  static override readonly flags = {
    addr: text({
      description: `Address to listen on (default: ${ADDRESS_DEFAULT}); port 0 picks a free one`,
      helpValue: 'host:port',
    }),
    'allow-public': toggle({
      description: 'Listen where other machines reach it: all who do may push and delete',
    }),
    'allow-sparse': toggle({
      description: 'Take indexes and images of which parts were never pushed',
    }),
    log: toggle({ description: 'One line per request on stderr' }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(RegistryServe);
    const { signal } = this.host.interrupts;
    const engine = await this.engine();
    await using registry = await engine.serveRegistry({
      address: flags.addr ?? ADDRESS_DEFAULT,
      allowPublic: flags['allow-public'],
      allowSparse: flags['allow-sparse'],
      ...(flags.log ? { log: (line: string) => void this.host.stderr.write(`${line}\n`) } : {}),
    });
    this.print(`Registry listening on http://${registry.address}`);
    if (!signal.aborted) await once(signal, 'abort');
  }
}

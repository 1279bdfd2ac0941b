import { BaseCommand } from '#cli/base-command.ts';
import { text } from '#cli/flags.ts';
import { newKeyPassword } from '#cli/key-password.ts';
import { KEY_TYPES, writeKeyPair } from '#engine/key-pair.ts';

export default class GenerateKeyPair extends BaseCommand {
  static override readonly summary = 'Make a pair of keys to sign images with';
  static override readonly usage = 'generate-key-pair [OPTIONS]';
  static override readonly flags = {
    'output-key-prefix': text({
      description: 'Name of the two files, without .key and .pub (default: cosign)',
      helpValue: 'path',
    }),
    type: text({
      description: `Kind of the key: ${KEY_TYPES.join(', or for archives ')} (default: ${KEY_TYPES[0]})`,
      helpValue: 'string',
      options: KEY_TYPES,
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags } = this.parse(GenerateKeyPair);
    const { privateKey, publicKey } = await writeKeyPair({
      prefix: flags['output-key-prefix'] ?? 'cosign',
      type: KEY_TYPES.find((type) => type === flags.type) ?? KEY_TYPES[0],
      password: await newKeyPassword(this.host, this.settings()),
    });
    this.host.stderr.write(
      `Private key written to ${privateKey}\nPublic key written to ${publicKey}\n`,
    );
  }
}

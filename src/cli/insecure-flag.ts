/** docker's `--insecure`: certificates are not verified, and plain HTTP is spoken where there is no TLS. */
import { toggle } from './flags.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';

export const INSECURE_FLAGS = {
  insecure: toggle({ description: 'The same as --tls-verify=false' }),
  ...REGISTRY_FLAGS,
} as const;

/** For the settings of the command. */
export function insecureSetting({ insecure }: { readonly insecure: boolean }): {
  readonly 'tls-verify'?: false;
} {
  return insecure ? { 'tls-verify': false } : {};
}

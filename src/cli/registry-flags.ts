/** How registries are spoken to, for every command that talks to one; over all files and variables. */
import { PLAIN_HTTP_MODES } from '#core/registry-settings.ts';
import { optionalToggle, text } from './flags.ts';

export const REGISTRY_FLAGS = {
  'plain-http': text({
    description: 'Speak plain HTTP: auto (after TLS, in private networks), always, never',
    helpValue: 'string',
    options: PLAIN_HTTP_MODES,
  }),
  'tls-verify': optionalToggle({
    description: 'Verify certificates; false also allows plain HTTP where there is no TLS',
  }),
} as const;

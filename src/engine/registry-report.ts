/** `slipway config registries`: what would be done, without doing it. Credential helpers are asked. */
import type { Reference } from '#core/reference.ts';
import type { RegistryExplanation, RegistryReport } from '#core/registry-report.ts';
import { NO_REGISTRY_SETTINGS } from '#core/registry-settings.ts';
import { explanationOf, reportOf } from '#remote/registries/report.ts';
import { podmanNames } from '#remote/registries/short-names.ts';
import { credentialsOf } from './credentials.ts';
import type { Resources } from './resources.ts';

export async function explainRegistry(
  resources: Resources,
  reference: Reference,
  /** As the user typed it. */
  name: string,
): Promise<RegistryExplanation> {
  const registries = await resources.registries();
  const { plan } = await registries.route(reference);
  const credentials = credentialsOf(resources);
  return await explanationOf({
    reference,
    plan,
    elsewhere: podmanNames(name, (await registries.files()).containers),
    credential: async ({ registry, repository }) => {
      const found = await credentials.find(registry, repository);
      if (!found) return { value: 'none', origin: 'default' };
      const { value, origin } = found;
      return { value: value.kind === 'password' ? `user ${value.username}` : value.kind, origin };
    },
  });
}

export async function registryReport(resources: Resources): Promise<RegistryReport> {
  const settings = resources.settings.registries ?? NO_REGISTRY_SETTINGS;
  return await reportOf(settings, await (await resources.registries()).files());
}

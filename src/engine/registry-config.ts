/** The configuration of the registry, for the command line: loaded only where one is served. */
import type { RegistryConfig } from '#core/registry-config.ts';
import { type ConfigSources, resolveConfig } from '#registry/config/resolve.ts';

/** @throws CONFIG_INVALID, FILE_MISSING, JSON_INVALID */
export function registryConfig(sources: ConfigSources): RegistryConfig {
  return resolveConfig(sources);
}

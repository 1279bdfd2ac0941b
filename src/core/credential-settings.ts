/** Where credentials are looked for besides docker's config.json, as values. */
import type { Fact } from './registry-settings.ts';

export interface CredentialSettings {
  /** A config.json as a text, over all files: DOCKER_AUTH_CONFIG. */
  readonly document?: Fact<string>;
  /** In the place of all other files, also for login: REGISTRY_AUTH_FILE. */
  readonly onlyFile?: string;
  /** podman's files, asked after docker's. */
  readonly moreFiles: readonly string[];
}

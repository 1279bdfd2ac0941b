/**
 * Whose credentials count, in which order: the variable, then docker's file, then podman's, then the
 * programs that registries.conf names for all registries.
 */

import { fileCredentials, textCredentials } from '#remote/credential-file.ts';
import { type Credentials, firstOf, remembered } from '#remote/credentials.ts';
import { helperCredentials } from '#remote/named-programs.ts';
import type { Resources } from './resources.ts';

export function credentialsOf(resources: Resources): Credentials {
  const { credentials, credentialsFile } = resources.settings;
  const { document, onlyFile, moreFiles = [] } = credentials ?? {};
  const docker = credentialsFile === undefined ? [] : [credentialsFile];
  const files = onlyFile === undefined ? [...docker, ...moreFiles] : [onlyFile];
  const helpers = helperCredentials(
    async () => (await (await resources.registries()).files()).containers.helpers,
  );
  return remembered(
    firstOf([
      ...(document ? [textCredentials(document.value, document.origin)] : []),
      ...files.map(fileCredentials),
      ...(onlyFile === undefined ? [helpers] : []),
    ]),
  );
}

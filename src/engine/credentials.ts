/** Whose credentials count, in which order: the variable, then docker's file, then podman's. */

import type { Settings } from '#engine.ts';
import { fileCredentials, textCredentials } from '#remote/credential-file.ts';
import { type Credentials, firstOf, remembered } from '#remote/credentials.ts';

export function credentialsOf({ credentials, credentialsFile }: Settings): Credentials {
  const { document, onlyFile, moreFiles = [] } = credentials ?? {};
  const docker = credentialsFile === undefined ? [] : [credentialsFile];
  const files = onlyFile === undefined ? [...docker, ...moreFiles] : [onlyFile];
  return remembered(
    firstOf([
      ...(document ? [textCredentials(document.value, document.origin)] : []),
      ...files.map(fileCredentials),
    ]),
  );
}

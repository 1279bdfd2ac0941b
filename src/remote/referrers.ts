/**
 * What refers to a manifest (distribution-spec §Listing Referrers, end-12): the API, page by page, or
 * where the registry has none the index under the tag that clients keep for it.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { SlipwayError } from '#core/errors.ts';
import { decodeManifest, MANIFEST_SIZE_BYTES_MAX, rawManifest } from '#core/manifest.ts';
import { OCI_INDEX } from '#core/media-type.ts';
import type { ReferrerOptions } from '#core/repository.ts';
import { type Connection, readCall } from './connection.ts';
import { type Answer, headerOf, readBounded } from './exchange.ts';
import { nextPage } from './link.ts';
import { referrersByTag } from './referrers-tag.ts';

/** Where a registry keeps the list; absent: in its API where it has one, else under the tag. */
export type ReferrersBy = 'api' | 'tag';

/** More than anybody has is a registry going round in a circle; a page may be empty after filtering. */
const REFERRERS_MAX = 10_000;
const PAGES_MAX = 1000;

/** Each once, sorted by digest. @throws MANIFEST_INVALID, REGISTRY_REFUSED (no API, and it was asked for) */
export async function listReferrers(
  connection: Connection,
  subject: Digest,
  options: ReferrerOptions & { readonly by?: ReferrersBy | undefined },
): Promise<readonly Descriptor[]> {
  const { by, artifactType } = options;
  const call = options.signal ? { signal: options.signal } : {};
  const found =
    (by === 'tag' ? undefined : await referrersByApi(connection, subject, options)) ??
    (by === 'api' ? refuseWithoutApi(connection) : await referrersByTag(connection, subject, call));
  // Filtering is the registry's choice.
  const wanted = found.filter(
    (one) => artifactType === undefined || one.artifactType === artifactType,
  );
  const each = new Map(wanted.map((one) => [one.digest, one]));
  return [...each.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

function refuseWithoutApi({ endpoint }: Connection): never {
  throw new SlipwayError(
    'REGISTRY_REFUSED',
    `${endpoint.base.host} does not have the referrers API`,
    { hint: 'leave out --distribution-spec, or ask for v1.1-referrers-tag' },
  );
}

/** Undefined where the registry has no such API. */
async function referrersByApi(
  connection: Connection,
  subject: Digest,
  { artifactType, signal }: ReferrerOptions,
): Promise<readonly Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  let url: URL | undefined = connection.url(`referrers/${subject}`);
  if (artifactType !== undefined) url.searchParams.set('artifactType', artifactType);
  for (let page = 0; url !== undefined; page++) {
    const headers = { accept: OCI_INDEX };
    const answer = await connection.send(
      readCall(connection, url, { method: 'GET', headers, signal }),
    );
    if (page === 0 && answer.status === 404) {
      await answer.discard();
      return undefined;
    }
    if (answer.status !== 200) throw await connection.failure(answer, { action: 'pull' });
    found.push(...(await listedIn(answer)));
    url = nextPage(headerOf(answer, 'link'), url);
    if (found.length > REFERRERS_MAX || page === PAGES_MAX) throw endless(subject);
  }
  return found;
}

async function listedIn(answer: Answer): Promise<readonly Descriptor[]> {
  const bytes = await readBounded(answer, MANIFEST_SIZE_BYTES_MAX);
  if (bytes === undefined) {
    throw new SlipwayError('REGISTRY_PROTOCOL', 'a page of the list of referrers is over 4 MiB');
  }
  const index = decodeManifest(rawManifest(bytes, OCI_INDEX));
  return index.kind === 'index' ? index.manifests : [];
}

function endless(subject: Digest): SlipwayError {
  return new SlipwayError('REGISTRY_PROTOCOL', `the list of what refers to ${subject} has no end`);
}

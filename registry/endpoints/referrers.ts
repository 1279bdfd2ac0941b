/**
 * `GET /v2/<name>/referrers/<digest>` (end-12a, end-12b): what points at a manifest by `subject`.
 * Clients of registries without this API keep a list under the tag `sha256-<hex>`; what stands there
 * is merged in, so that nothing is lost by moving it here.
 */
import type { Descriptor } from '#core/descriptor.ts';
import type { Digest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { decodeManifest } from '#core/manifest.ts';
import { OCI_INDEX } from '#core/media-type.ts';
import type { ServedRepository } from '../provider.ts';
import { jsonReply, type Reply } from '../reply.ts';
import { digestFrom, needMethod, type RegistryCall } from './base.ts';

/** Keeps an answer below the 4 MiB a client must be able to read. */
const REFERRERS_PER_PAGE = 500;

export async function referrersEndpoint(
  call: RegistryCall,
  route: { readonly name: string; readonly digest: string },
): Promise<Reply> {
  needMethod(call, 'GET', 'HEAD');
  const subject = digestFrom(route.digest);
  const repository = call.provider.repository(route.name);
  const all = await allReferrers(repository, subject, call.signal);
  const artifactType = call.query.get('artifactType');
  const wanted = artifactType ? all.filter((one) => one.artifactType === artifactType) : all;
  const rest = after(wanted, call.query.get('last'));
  const shown = rest.slice(0, REFERRERS_PER_PAGE);
  const headers = {
    ...(artifactType ? { 'oci-filters-applied': 'artifactType' } : {}),
    ...(rest.length > shown.length ? linkPast(shown, { ...route, artifactType }) : {}),
  };
  return jsonReply(
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests: shown },
    { mediaType: OCI_INDEX, headers },
  );
}

/** Those of both customs, each once, sorted by digest. */
export async function allReferrers(
  repository: ServedRepository,
  subject: Digest,
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  return merge(
    await repository.referrers(subject, { signal }),
    await fallbackReferrers(repository, subject, signal),
  );
}

/** Each digest once, sorted, so that pages are stable. */
function merge(...lists: readonly (readonly Descriptor[])[]): readonly Descriptor[] {
  const byDigest = new Map(lists.flat().map((descriptor) => [descriptor.digest, descriptor]));
  return [...byDigest.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

async function fallbackReferrers(
  repository: ServedRepository,
  subject: Digest,
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  try {
    const tag = subject.replace(':', '-').slice(0, 128);
    const manifest = decodeManifest(await repository.getManifest(tag, { signal }));
    return manifest.kind === 'index' ? manifest.manifests : [];
  } catch (error) {
    if (isSlipwayError(error, 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN', 'MANIFEST_INVALID')) return [];
    throw error;
  }
}

function after(sorted: readonly Descriptor[], last: string | null): readonly Descriptor[] {
  return last === null ? sorted : sorted.filter(({ digest }) => digest > last);
}

function linkPast(
  shown: readonly Descriptor[],
  {
    name,
    digest,
    artifactType,
  }: { readonly name: string; readonly digest: string; readonly artifactType: string | null },
): { readonly link: string } {
  const query = new URLSearchParams({
    ...(artifactType ? { artifactType } : {}),
    last: shown.at(-1)?.digest ?? '',
  });
  return { link: `</v2/${name}/referrers/${digest}?${query}>; rel="next"` };
}

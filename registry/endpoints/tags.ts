/** `GET /v2/<name>/tags/list` (end-8a, end-8b): in byte order, in pages when asked. */
import { Refusal } from '../errors.ts';
import { jsonReply, type Reply } from '../reply.ts';
import { needMethod, type RegistryCall } from './base.ts';
import { cut, nextLink, pageIn } from './paging.ts';

/** Without `n` the client gets all tags, up to this many at once. */
const TAGS_LIMIT = 10_000;

export async function tagsEndpoint(call: RegistryCall, name: string): Promise<Reply> {
  needMethod(call, 'GET', 'HEAD');
  const { last: after, limit } = pageIn(call.query, TAGS_LIMIT);
  const repository = call.provider.repository(name);
  if (!(await repository.exists())) {
    throw new Refusal('NAME_UNKNOWN', `repository ${name} not known to registry`);
  }
  const { items, last } = cut(await repository.tagsAfter({ last: after, limit: limit + 1 }), limit);
  const headers = last === undefined ? {} : nextLink(`/v2/${name}/tags/list`, { last, limit });
  return jsonReply({ name, tags: items }, { headers });
}

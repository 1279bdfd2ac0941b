/** `/repo/NAME`: its tags, what they point to, for which platforms and how large. */
import { isSlipwayError } from '#core/errors.ts';
import type { RegistryCall } from '../endpoints/base.ts';
import { cut } from '../endpoints/paging.ts';
import { Refusal } from '../errors.ts';
import { shortDigest, sizeText } from './figures.ts';
import { type Html, html } from './html.ts';
import { type Row, rowOf } from './look.ts';
import { imagePath } from './route.ts';

/** Each of them is looked into. */
const PER_PAGE = 50;

export async function repositoryPage(
  call: RegistryCall,
  name: string,
): Promise<{ readonly title: string; readonly body: Html }> {
  const repository = call.provider.repository(name);
  if (!(await repository.exists())) {
    throw new Refusal('NAME_UNKNOWN', `repository ${name} not known to registry`);
  }
  const after = call.query.get('last') ?? undefined;
  const { items, last } = cut(
    await repository.tagsAfter({ last: after, limit: PER_PAGE + 1 }),
    PER_PAGE,
  );
  const rows: Html[] = [];
  for (const tag of items) rows.push(await line(call, name, tag));
  return {
    title: name,
    body: html`<h1>${name}</h1>
${items.length === 0 ? html`<p class="none">It has no tags.</p>` : table(rows)}
${last === undefined ? undefined : html`<p><a href="/repo/${name}?${new URLSearchParams({ last }).toString()}" rel="next">More</a></p>`}`,
  };
}

function table(rows: readonly Html[]): Html {
  return html`<div class="wide"><table>
<caption>Tags</caption>
<thead><tr><th scope="col">Tag</th><th scope="col">Digest</th><th scope="col">Platforms</th><th scope="col" class="number">Size</th></tr></thead>
<tbody>
${rows}</tbody>
</table></div>`;
}

/** An image that is damaged is named all the same. */
async function line(call: RegistryCall, name: string, tag: string): Promise<Html> {
  try {
    return row(name, await rowOf(call, call.provider.repository(name), tag));
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    return html`<tr><th scope="row">${tag}</th><td colspan="3" class="danger">${error.message}</td></tr>\n`;
  }
}

function row(name: string, { tag, digest, platforms, sizeBytes }: Row): Html {
  return html`<tr><th scope="row"><a href="${imagePath(name, tag)}">${tag}</a></th><td><code>${shortDigest(digest)}</code></td><td>${platforms.join(', ')}</td><td class="number">${sizeBytes === undefined ? '' : sizeText(sizeBytes)}</td></tr>\n`;
}

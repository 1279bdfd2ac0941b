/** `/`: the repositories that may be pulled, searched and in pages. */

import type { RegistryCall } from '../endpoints/base.ts';
import { visibleRepositories } from '../endpoints/catalog.ts';
import { cut } from '../endpoints/paging.ts';
import { type Html, html } from './html.ts';

const PER_PAGE = 100;

export async function homePage(
  call: RegistryCall,
): Promise<{ readonly title: string; readonly body: Html }> {
  const wanted = (call.query.get('q') ?? '').trim().toLowerCase();
  const { items, last } = cut(await names(call, wanted), PER_PAGE);
  const title = wanted === '' ? 'Repositories' : `Repositories with “${wanted}”`;
  return {
    title,
    body: html`<h1>${title}</h1>
${items.length === 0 ? empty(wanted) : list(items)}
${last === undefined ? undefined : more(wanted, last)}`,
  };
}

/** One more than a page where there is one. */
async function names(call: RegistryCall, wanted: string): Promise<readonly string[]> {
  const found: string[] = [];
  let last = call.query.get('last') ?? undefined;
  while (found.length <= PER_PAGE && !call.signal.aborted) {
    const page = await visibleRepositories(call, { last, limit: PER_PAGE + 1 });
    found.push(...page.filter((name) => name.includes(wanted)));
    last = page.at(-1);
    if (page.length <= PER_PAGE) break;
  }
  return found.slice(0, PER_PAGE + 1);
}

function list(names: readonly string[]): Html {
  const rows = names.map((name) => html`<li><a href="/repo/${name}">${name}</a></li>\n`);
  return html`<ul>\n${rows}</ul>`;
}

function empty(wanted: string): Html {
  if (wanted !== '') return html`<p class="none">There is none. <a href="/">Show all</a></p>`;
  return html`<p class="none">There is nothing here yet. Push an image:
<code>slipway push HOST/NAME:TAG</code></p>`;
}

function more(wanted: string, last: string): Html {
  const query = new URLSearchParams({ ...(wanted === '' ? {} : { q: wanted }), last });
  return html`<p><a href="/?${query.toString()}" rel="next">More</a></p>`;
}

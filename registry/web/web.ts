/** The web pages: which page a path is, who may see it, and the one thing that can be done there. */
import { isDigest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { may, methodRefused, needMethod, type RegistryCall } from '../endpoints/base.ts';
import { formIn } from '../endpoints/form.ts';
import { needUnprotected } from '../endpoints/manifests.ts';
import { errorReply, Refusal } from '../errors.ts';
import type { Reply } from '../reply.ts';
import { assetReply } from './assets.ts';
import { homePage } from './home-page.ts';
import { html } from './html.ts';
import { imagePage } from './image-page.ts';
import { pageReply } from './page.ts';
import { repositoryPage } from './repository-page.ts';
import type { WebRoute } from './route.ts';

type ImageRoute = Extract<WebRoute, { readonly page: 'image' }>;

/** `isKnown`: the credentials of the request, if any, were right. */
export async function webEndpoint(
  call: RegistryCall,
  route: WebRoute,
  isKnown: boolean,
): Promise<Reply> {
  if (route.page === 'asset') return assetReply(route.asset);
  if (!isKnown) return signIn(call);
  try {
    if (route.page === 'sign-in') return signedIn(call);
    if (route.page === 'home') return await shown(call, await homeFor(call));
    return await imagesOf(call, route);
  } catch (error) {
    return problem(call, error);
  }
}

async function homeFor(call: RegistryCall) {
  needMethod(call, 'GET', 'HEAD');
  const { guard, identity } = call;
  const isWelcome =
    !guard || identity.user !== undefined || guard.options.judge.value.welcomesAnonymous;
  return isWelcome ? await homePage(call) : undefined;
}

async function imagesOf(
  call: RegistryCall,
  route: Exclude<WebRoute, { readonly page: 'asset' | 'home' | 'sign-in' }>,
): Promise<Reply> {
  if (!may(call, { repository: route.name, action: 'pull' })) {
    if (call.identity.user === undefined) return signIn(call);
    throw new Refusal('DENIED', `${call.identity.user} may not pull ${route.name}`);
  }
  if (route.page === 'image' && call.method === 'POST') return await deleteImage(call, route);
  needMethod(call, 'GET', 'HEAD');
  const page =
    route.page === 'repository'
      ? await repositoryPage(call, route.name)
      : await imagePage(call, route);
  return shown(call, page);
}

function shown(call: RegistryCall, page: Awaited<ReturnType<typeof homePage>> | undefined): Reply {
  if (!page) return signIn(call);
  const { identity, guard, query } = call;
  const asked = query.get('q');
  return pageReply({
    ...page,
    user: identity.user,
    hasGuard: guard !== undefined,
    ...(asked === null ? {} : { query: asked }),
  });
}

async function deleteImage(call: RegistryCall, { name, reference }: ImageRoute): Promise<Reply> {
  if (!call.deletes) throw methodRefused('POST', ['GET', 'HEAD']);
  needSameSite(call);
  if (!may(call, { repository: name, action: 'delete' })) {
    throw new Refusal('DENIED', `${call.identity.user ?? 'nobody'} may not delete ${name}`);
  }
  const form = await formIn(call);
  if (form.get('sure') !== 'yes')
    throw new Refusal('UNSUPPORTED', 'tick the box first', { status: 400 });
  const repository = call.provider.repository(name);
  const { signal } = call;
  const target = await repository.resolve(reference, { signal });
  const isImage = isDigest(reference);
  await needUnprotected(call, name, reference);
  if (isImage) await repository.deleteManifest(reference, { signal });
  else await repository.deleteTag(reference, { signal });
  const event = { action: 'delete', repository: name } as const;
  call.notify?.(isImage ? { ...event, target } : { ...event, tag: reference });
  return { status: 303, headers: { location: `/repo/${name}` } };
}

/** A browser sends passwords along wherever a form comes from, and says where that is. */
function needSameSite({ headers }: RegistryCall): void {
  const site = headers['sec-fetch-site'];
  const { origin, host } = headers;
  const isOurs =
    site === undefined
      ? origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
      : site === 'same-origin';
  if (!isOurs) throw new Refusal('DENIED', 'the form came from another site');
}

function signedIn(call: RegistryCall): Reply {
  if (call.guard && call.identity.user === undefined) return signIn(call);
  return { status: 303, headers: { location: '/' } };
}

/** Browsers ask for a password when they are told Basic; tokens are for programs. */
function signIn(call: RegistryCall): Reply {
  const body = html`<h1>Sign in</h1>
<p>This registry asks who you are. <a href="/sign-in">Try again</a></p>`;
  const reply = pageReply({ title: 'Sign in', body, user: undefined, hasGuard: !!call.guard }, 401);
  const challenge = 'Basic realm="slipway", charset="UTF-8"';
  return { ...reply, headers: { ...reply.headers, 'www-authenticate': challenge } };
}

/** In words, as a page. */
function problem(call: RegistryCall, error: unknown): Reply {
  if (!(error instanceof Refusal) && !isSlipwayError(error)) throw error;
  const { status } = errorReply(error);
  const title = status === 404 ? 'Not found' : status === 403 ? 'Not allowed' : 'That did not work';
  const body = html`<h1>${title}</h1>\n<p>${error.message}</p>\n<p><a href="/">All repositories</a></p>`;
  const { identity, guard } = call;
  return pageReply({ title, body, user: identity.user, hasGuard: guard !== undefined }, status);
}

/**
 * `/token`: tokens for docker and its kin (distribution docs/spec/auth/token and /oauth). `GET` with
 * Basic credentials, or none where all may pull; `POST` with a password or a refresh token. Refresh
 * tokens come from `POST` only: docker would write one that `GET` gave into the config.json that
 * podman and skopeo read too, and those end with an error then.
 */
import type { Identity } from '../auth/access.ts';
import { ANONYMOUS } from '../auth/access.ts';
import type { Guard } from '../auth/guard.ts';
import { actionsOf, parseScopes, type ScopeEntry } from '../auth/scope.ts';
import type { TokenSigner } from '../auth/tokens.ts';
import { Refusal } from '../errors.ts';
import { jsonReply, type Reply } from '../reply.ts';
import { methodRefused, noSuchEndpoint, type RegistryCall } from './base.ts';
import { formIn } from './form.ts';

interface Wanted {
  readonly identity: Identity;
  readonly scopes: readonly string[];
  /** A refresh token, too. */
  readonly isOffline: boolean;
}

export async function tokenEndpoint(call: RegistryCall): Promise<Reply> {
  const { guard } = call;
  const signer = guard?.options.signer;
  if (!guard || !signer) throw noSuchEndpoint();
  return await reply(call, { guard, signer }, await wanted(call, guard, signer));
}

async function wanted(call: RegistryCall, guard: Guard, signer: TokenSigner): Promise<Wanted> {
  switch (call.method) {
    case 'GET':
      return {
        identity: call.identity,
        scopes: call.query.getAll('scope'),
        isOffline: false,
      };
    case 'POST': {
      const form = await formIn(call);
      return {
        identity: await granted(form, { call, guard, signer }),
        scopes: form.getAll('scope'),
        isOffline: form.get('access_type') === 'offline',
      };
    }
    default:
      throw methodRefused(call.method, ['GET', 'POST']);
  }
}

async function granted(
  form: URLSearchParams,
  { call, guard, signer }: { readonly call: RegistryCall; guard: Guard; signer: TokenSigner },
): Promise<Identity> {
  switch (form.get('grant_type')) {
    case 'password':
      return await guard.signIn(
        form.get('username') ?? '',
        form.get('password') ?? '',
        call.request,
      );
    case 'refresh_token': {
      const { users } = guard.options;
      const user = await signer.refreshedUser(form.get('refresh_token') ?? '', (name) =>
        users.value.get(name),
      );
      if (user !== undefined) return { user, judge: 'rules' };
      throw new Refusal('UNAUTHORIZED', 'authentication required: sign in again');
    }
    default:
      throw new Refusal('UNSUPPORTED', 'grant_type must be password or refresh_token', {
        status: 400,
      });
  }
}

async function reply(
  { proxy }: RegistryCall,
  { guard, signer }: { readonly guard: Guard; readonly signer: TokenSigner },
  { identity, scopes, isOffline }: Wanted,
): Promise<Reply> {
  const { judge, users } = guard.options;
  if (identity === ANONYMOUS && !judge.value.welcomesAnonymous) {
    throw new Refusal('UNAUTHORIZED', 'authentication required', {
      headers: { 'www-authenticate': 'Basic realm="slipway", charset="UTF-8"' },
    });
  }
  const entries: ScopeEntry[] = [];
  for (const entry of parseScopes(scopes)) {
    // Permissions are for the name under which it is kept; the token is for the one asked for.
    const repository =
      entry.type === 'repository' && proxy ? await proxy.place(entry.name) : entry.name;
    entries.push(allowed(guard, identity, { entry, repository }));
  }
  const token = await signer.access(identity.user, entries);
  const hash = identity.user === undefined ? undefined : users.value.get(identity.user);
  // A key is for one program, and ends when it is meant to: nothing longer-lived comes out of it.
  const isPerson = identity.user !== undefined && hash !== undefined && !identity.limit;
  return jsonReply(
    {
      token,
      access_token: token,
      expires_in: signer.lifetimeSeconds,
      issued_at: new Date().toISOString(),
      ...(isOffline && isPerson && identity.user !== undefined
        ? { refresh_token: await signer.refresh(identity.user, hash) }
        : {}),
    },
    { headers: { 'cache-control': 'no-store' } },
  );
}

/** Of what was asked for, what may be done; the client finds out when it tries the rest. */
function allowed(
  guard: Guard,
  identity: Identity,
  { entry, repository }: { readonly entry: ScopeEntry; readonly repository: string },
): ScopeEntry {
  if (entry.type !== 'repository') return entry;
  const { name: asked } = entry;
  return {
    ...entry,
    actions: actionsOf(entry).filter((action) =>
      guard.may(identity, { repository, action, asked }),
    ),
  };
}

/** `slipway login` and `logout`: the registry is asked first, then the credentials are stored. */
import { SlipwayError } from '#core/errors.ts';
import type { LoginResult, RegistryLogin } from '#core/registry-login.ts';
import type { CallContext, Settings } from '#engine.ts';
import { eraseLogin, storeLogin } from '#remote/credential-write.ts';
import type { Credential } from '#remote/credentials.ts';
import { checkLogin } from '#remote/login.ts';
import { credentialsOf } from './credentials.ts';
import type { Resources } from './resources.ts';

/** @throws UNAUTHORIZED; `detail.isStored` false when there was nothing to try */
export async function login(
  resources: Resources,
  options: RegistryLogin & CallContext,
): Promise<LoginResult> {
  const { registry, user, events, signal } = options;
  const { settings } = resources;
  // No repository counts at the door; configurations are asked by a whole name.
  const route = await (await resources.registries()).route({ registry, repository: 'login' });
  const credential = user
    ? ({ kind: 'password', username: user.name, password: user.password } as const)
    : await storedCredential(resources, registry);
  const checked = await checkLogin({
    route,
    credential,
    ...(events ? { events } : {}),
    ...(signal ? { signal } : {}),
    ...(settings.trace ? { trace: settings.trace } : {}),
  });
  if (!user) return credential.kind === 'password' ? { user: credential.username } : {};
  const entry = { registry, username: user.name, credential: checked };
  return { user: user.name, stored: await storeLogin(credentialFile(settings), entry) };
}

export async function logout({ settings }: Resources, registry: string): Promise<void> {
  await eraseLogin(credentialFile(settings), registry);
}

async function storedCredential(resources: Resources, registry: string): Promise<Credential> {
  const found = await credentialsOf(resources).find(registry, '');
  if (found) return found.value;
  throw new SlipwayError('UNAUTHORIZED', `no credentials for ${registry} are stored`, {
    hint: 'give a user name and password',
    detail: { isStored: false },
  });
}

function credentialFile({ credentials, credentialsFile }: Settings): string {
  const path = credentials?.onlyFile ?? credentialsFile;
  if (path !== undefined) return path;
  throw new SlipwayError('USAGE', 'no file is configured to keep credentials in', {
    hint: 'give the engine a credentialsFile',
  });
}

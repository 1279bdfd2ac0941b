/**
 * The launcher as a user, without Slipway around it: a config.json whose user namespace it may make
 * itself, with the ids of /etc/subuid through newuidmap, or with the user's own id alone.
 */
import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import type { IdMapping, RuntimeSpec } from '#core/runtime-spec.ts';
import { containerSpec } from '#runtime/spec.ts';
import { initFolder } from '#test/helpers/containers.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import {
  FIRST_SUBID,
  homeFolder,
  type Outcome,
  runStanding,
  type Standing,
  standingUnfit,
  USER_ID,
} from '#test/helpers/unprivileged.ts';

const OWN: IdMapping = { containerID: 0, hostID: USER_ID, size: 1 };
const MANY: readonly IdMapping[] = [OWN, { containerID: 1, hostID: FIRST_SUBID, size: 1000 }];

/** A bundle of the user's with slipway-init as its root, run to its end. */
function run(
  standing: Standing,
  { map, init, user = 0 }: { map: readonly IdMapping[]; init: readonly string[]; user?: number },
): Outcome & { readonly made: readonly (readonly [number, number])[] } {
  using folder = tempFolder();
  const home = homeFolder(folder.at('home'));
  const bundle = `${home}/bundle`;
  const root = initFolder(`${bundle}/rootfs`);
  mkdirSync(`${root}/made`);
  for (const path of [bundle, root, `${root}/made`]) chownSync(path, USER_ID, USER_ID);
  for (const name of readdirSync(root)) chownSync(`${root}/${name}`, USER_ID, USER_ID);
  const plain = containerSpec({
    args: ['/init', ...init],
    env: [],
    cwd: '/',
    user: { uid: user, gid: user },
    hostname: 'boat',
    network: 'none',
  });
  const spec: RuntimeSpec = {
    ...plain,
    linux: {
      ...plain.linux,
      namespaces: [...plain.linux.namespaces, { type: 'user' }],
      uidMappings: map,
      gidMappings: map,
    },
  };
  writeFileSync(`${bundle}/config.json`, JSON.stringify(spec));
  const state = `${home}/state`;
  const argv = [HELPER_PROGRAM, '--root', state, 'run', '--bundle', bundle, 'one'];
  const outcome = runStanding(standing, { home }, argv);
  const made = readdirSync(`${root}/made`).map((name) => {
    const { uid, gid } = statSync(`${root}/made/${name}`);
    return [uid, gid] as const;
  });
  return { ...outcome, made };
}

function standing(kind: Standing, name: string, body: () => void): void {
  test(name, (t) => {
    const unfit = standingUnfit(kind);
    if (unfit === undefined) body();
    else t.skip(unfit);
  });
}

standing('user with subids', 'a user with subordinate ids maps them', () => {
  const init = ['all', 'id', ',', 'write', '/made/x', 'x', ',', 'chown', '7:8', '/made/x'];
  const ran = run('user with subids', { map: MANY, init });
  assert.deepEqual([ran.exitCode, ran.stderr], [0, '']);
  assert.match(ran.stdout, /^uid=0 gid=0 /);
  assert.deepEqual(ran.made, [[FIRST_SUBID + 6, FIRST_SUBID + 7]]);
  const other = run('user with subids', { map: MANY, init: ['id'], user: 5 });
  assert.match(other.stdout, /^uid=5 gid=5 groups=\n$/, other.stderr);
});

standing('user without subids', 'a user without maps the own id, and nobody may set groups', () => {
  const init = ['all', 'write', '/made/x', 'x', ',', 'cat', '/proc/self/setgroups'];
  const ran = run('user without subids', { map: [OWN], init });
  assert.deepEqual([ran.exitCode, ran.stdout, ran.stderr], [0, 'deny\n', '']);
  assert.deepEqual(ran.made, [[USER_ID, USER_ID]]);
});

standing('user without subids', 'ids that the user has not been given are refused', () => {
  const ran = run('user without subids', { map: MANY, init: ['true'] });
  assert.notEqual(ran.exitCode, 0);
  assert.match(ran.stderr, /user: new[ug]idmap .*(\/etc\/subuid|not installed)/);
});

standing('user without namespaces', 'where user namespaces are forbidden it says so', () => {
  const ran = run('user without namespaces', { map: [OWN], init: ['true'] });
  assert.notEqual(ran.exitCode, 0);
  assert.match(ran.stderr, /user: unshare CLONE_NEWUSER.*user namespaces are forbidden here/);
});

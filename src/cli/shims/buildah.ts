/** buildah and podman: their `build`, and what they name otherwise when they move images. */

import { planBuild } from './buildah-build.ts';
import { planPull, planPush, planSave, planTag } from './buildah-images.ts';
import {
  BUILDAH_BUILD,
  BUILDAH_GLOBALS,
  BUILDAH_MISSING,
  PODMAN_BUILD,
  PODMAN_MISSING,
  TRANSFER,
} from './buildah-options.ts';
import type { GlobalPlan, Program, ShimCommand } from './program.ts';
import type { ReadLine } from './read-options.ts';

const PULL: ShimCommand = { id: 'pull', options: () => TRANSFER, plan: planPull };
const PUSH: ShimCommand = { id: 'push', options: () => TRANSFER, plan: planPush };
const SAVE: ShimCommand = { id: 'save', options: () => TRANSFER, plan: planSave };
const TAG: ShimCommand = { id: 'tag', options: () => ({}), plan: planTag };

const BUILDAH_BUD: ShimCommand = { id: 'build', options: () => BUILDAH_BUILD, plan: planBuild };
const PODMAN_BUD: ShimCommand = { id: 'build', options: () => PODMAN_BUILD, plan: planBuild };

export const BUILDAH: Program = {
  name: 'buildah',
  globals: BUILDAH_GLOBALS,
  commands: {
    build: BUILDAH_BUD,
    'build-using-dockerfile': BUILDAH_BUD,
    bud: BUILDAH_BUD,
    pull: PULL,
    push: PUSH,
    tag: TAG,
  },
  missing: BUILDAH_MISSING,
  settings: globalPlan,
};

export const PODMAN: Program = {
  name: 'podman',
  globals: BUILDAH_GLOBALS,
  commands: {
    build: PODMAN_BUD,
    'image build': PODMAN_BUD,
    'image pull': PULL,
    'image push': PUSH,
    'image save': SAVE,
    'image tag': TAG,
    pull: PULL,
    push: PUSH,
    save: SAVE,
    tag: TAG,
  },
  missing: PODMAN_MISSING,
  settings: globalPlan,
};

function globalPlan({ values }: ReadLine): GlobalPlan {
  const root = values.text('root');
  const runtime = values.text('runtime');
  const isDebug = /^(debug|trace)$/i.test(values.text('log-level') ?? '');
  return {
    argv: [...(isDebug ? ['--debug'] : []), ...(root === undefined ? [] : ['--root', root])],
    ...(runtime === undefined ? {} : { over: { runtime } }),
  };
}

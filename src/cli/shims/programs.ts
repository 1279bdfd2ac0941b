/** Which programs we stand in for, by the names they are called by. */
import { BUILDAH, PODMAN } from './buildah.ts';
import { BUILDX, DOCKER } from './docker.ts';
import { KANIKO } from './kaniko.ts';
import type { Program } from './program.ts';

/** bin/slipway knows these names, too: they are links to it. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  buildah: BUILDAH,
  docker: DOCKER,
  'docker-buildx': BUILDX,
  executor: KANIKO,
  kaniko: KANIKO,
  podman: PODMAN,
};

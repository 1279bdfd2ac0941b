/**
 * The ladder of isolation: from the best way to keep a container apart down to the least, each rung
 * with why it cannot be stood on here. Pure: what works was found by trying (probe.ts), never by version.
 */
import { constants } from 'node:os';
import { SlipwayError } from '#core/errors.ts';
import type { UserNamespace } from '#core/user-namespace.ts';
import type { Attempt, Probe } from './probe.ts';
import { type Switches, userNamespaceRemedy } from './remedies.ts';

export interface Rung {
  readonly isolation: 'namespaces' | 'userns' | 'chroot';
  readonly roots: 'erofs' | 'folders' | 'copy';
}

/** A rung that cannot be stood on: why, and what would change that. */
export interface Obstacle {
  readonly rung: Rung;
  readonly reason: string;
  readonly remedy: string;
}

export interface LadderInput {
  readonly probe: Probe;
  /** As set by the user. */
  readonly isolation: 'auto' | Rung['isolation'];
  readonly roots: 'auto' | Rung['roots'];
  readonly userNamespace?: UserNamespace | undefined;
  readonly switches: Switches;
}

export interface Choice {
  /** Undefined: there is none. */
  readonly rung?: Rung;
  /** The better ones, best first. */
  readonly obstacles: readonly Obstacle[];
}

const RUNGS: readonly Rung[] = [
  { isolation: 'namespaces', roots: 'erofs' },
  { isolation: 'namespaces', roots: 'folders' },
  { isolation: 'userns', roots: 'folders' },
  { isolation: 'namespaces', roots: 'copy' },
  { isolation: 'userns', roots: 'copy' },
  { isolation: 'chroot', roots: 'copy' },
];

/** The best rung of those that the user allows. */
export function chooseRung(input: LadderInput): Choice {
  const obstacles: Obstacle[] = [];
  for (const rung of RUNGS) {
    if (input.isolation !== 'auto' && input.isolation !== rung.isolation) continue;
    if (input.roots !== 'auto' && input.roots !== rung.roots) continue;
    const obstacle = obstacleOf(rung, input);
    if (!obstacle) return { rung, obstacles };
    obstacles.push({ rung, ...obstacle });
  }
  return { obstacles };
}

/** The next better rung of a choice; undefined on the best one, and on the only one allowed. */
export function nextBetter({ rung, obstacles }: Choice): Obstacle | undefined {
  const alike = obstacles.filter((obstacle) => obstacle.rung.isolation === rung?.isolation);
  return alike.at(-1) ?? obstacles.at(-1);
}

export function rungName({ isolation, roots }: Rung): string {
  if (isolation === 'chroot') return 'chroot over a private copy';
  const where = isolation === 'userns' ? 'user namespace' : 'namespaces';
  const how = { erofs: 'EROFS', folders: 'overlay over folders', copy: 'a plain copy' }[roots];
  return `${where} + ${how}`;
}

/** Every rung that was tried, with its reason. */
export function noRung({ obstacles }: Choice): SlipwayError {
  const lines = obstacles.map(({ rung, reason }) => `\n  ${rungName(rung)}: ${reason}`);
  // What a user can ask for, rather than the rights of root.
  const asked = obstacles.find(({ rung }) => rung.isolation === 'userns') ?? obstacles.at(-1);
  return new SlipwayError(
    'ISOLATION_UNAVAILABLE',
    `this machine offers no way to isolate a container${lines.join('')}`,
    {
      hint: `${asked?.remedy ?? 'run as root'}; slipway doctor says more; a Dockerfile without RUN needs none of this`,
      detail: {
        tried: obstacles.map(({ rung, reason }) => ({ rung: rungName(rung), reason })),
      },
    },
  );
}

type Verdict = Omit<Obstacle, 'rung'> | undefined;

function obstacleOf(rung: Rung, input: LadderInput): Verdict {
  if (rung.isolation === 'chroot') return chrootObstacle(input);
  return namespaceObstacle(rung, input) ?? rootObstacle(rung, input);
}

function namespaceObstacle({ isolation }: Rung, input: LadderInput): Verdict {
  const { probe, userNamespace, switches } = input;
  const isInside = probe.inUserNamespace;
  if (isolation === 'namespaces' && isInside) {
    return { reason: 'not root of this machine', remedy: 'run as root' };
  }
  // Tried at the start, before there was a probe; the probe then finds what follows from it.
  if (isolation === 'userns' && userNamespace?.ids === 'none' && !probe.container.works) {
    const { reason, errno } = userNamespace;
    const why =
      errno === constants.errno.ENOSPC
        ? 'the limit of user namespaces is reached'
        : 'not permitted';
    return { reason: `${reason}: ${why}`, remedy: userNamespaceRemedy(errno, switches) };
  }
  if (isolation === 'userns' && !isInside) {
    return { reason: reasonOf(probe.container), remedy: remedyOf(probe.container, 'run as root') };
  }
  if (probe.container.works) return undefined;
  return {
    reason: reasonOf(probe.container),
    remedy: remedyOf(probe.container, 'run as root with CAP_SYS_ADMIN'),
  };
}

function rootObstacle({ roots }: Rung, { probe }: LadderInput): Verdict {
  const needed =
    'a kernel with overlayfs (modprobe overlay), and a store on ext4, xfs, btrfs or tmpfs';
  if (roots === 'copy') return undefined;
  if (!probe.overlay.works) {
    return { reason: reasonOf(probe.overlay), remedy: remedyOf(probe.overlay, needed) };
  }
  if (roots === 'folders' || probe.erofs !== 'none') return undefined;
  return {
    reason: reasonOf(probe.erofsFile),
    remedy: remedyOf(probe.erofsFile, 'a kernel with EROFS (modprobe erofs)'),
  };
}

function chrootObstacle({ probe }: LadderInput): Verdict {
  if (probe.chroot.works) return undefined;
  return {
    reason: reasonOf(probe.chroot),
    remedy: 'run as root, or with the capability CAP_SYS_CHROOT',
  };
}

function reasonOf({ error }: Attempt): string {
  return error ? `${error.call}: ${error.reason}` : 'not known';
}

function remedyOf({ error }: Attempt, otherwise: string): string {
  return error?.hint || otherwise;
}

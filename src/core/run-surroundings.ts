/** What is around each RUN of a build, whatever the Dockerfile says. */
import type { ContainerLimits } from './container-limits.ts';
import type { ContainerNetwork } from './container-network.ts';

export interface RunSurroundings {
  /** What its container may use; not part of what is cached. */
  readonly limits?: ContainerLimits;
  /** Where it does not say otherwise. Absent: the host's. */
  readonly network?: ContainerNetwork;
  /** What of this machine it sees; what is there is not part of what is cached. */
  readonly volumes?: readonly BuildVolume[];
}

export interface BuildVolume {
  /** On this machine, absolute. */
  readonly source: string;
  /** In the container, absolute. */
  readonly target: string;
  /** Else what a RUN writes there stays there. */
  readonly readOnly: boolean;
}

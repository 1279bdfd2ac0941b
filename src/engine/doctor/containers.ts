/** Findings about containers, from what was tried on this machine. Pure. */
import type { Finding } from '#core/doctor.ts';
import type { UserNamespace } from '#core/user-namespace.ts';
import { type Choice, nextBetter, rungName } from '#runtime/ladder.ts';
import type { Attempt, Probe } from '#runtime/probe.ts';
import { type Switches, userNamespaceRemedy } from '#runtime/remedies.ts';

export interface ContainerFacts {
  readonly probe: Probe;
  readonly choice: Choice;
  readonly switches: Switches;
  readonly userNamespace?: UserNamespace | undefined;
  /** Of the machine, not of a namespace. */
  readonly isRoot: boolean;
  /** How many ids the user namespace has. */
  readonly ids: number;
}

const SUBIDS =
  'as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER, and install newuidmap (package uidmap)';

export function containerFindings(facts: ContainerFacts): readonly Finding[] {
  return [
    isolation(facts.choice),
    user(facts),
    userNamespaces(facts),
    attempt('overlay', facts.probe.overlay, 'layers are copied for each RUN instead'),
    erofs(facts.probe),
    cgroups(facts.probe, facts.isRoot),
  ];
}

function isolation(choice: Choice): Finding {
  const name = 'isolation';
  if (!choice.rung) {
    const reasons = choice.obstacles.map(({ rung, reason }) => `${rungName(rung)}: ${reason}`);
    const asked =
      choice.obstacles.find(({ rung }) => rung.isolation === 'userns') ?? choice.obstacles.at(-1);
    return {
      name,
      status: 'fail',
      text: `RUN and run do not work here (${reasons.join('; ')})`,
      ...(asked ? { remedy: asked.remedy } : {}),
    };
  }
  const better = nextBetter(choice);
  const next = better ? `; next better: ${rungName(better.rung)} (${better.reason})` : '';
  return {
    name,
    status: choice.rung.isolation === 'chroot' ? 'warn' : 'ok',
    text: `${rungName(choice.rung)}${next}`,
    ...(better ? { remedy: better.remedy } : {}),
  };
}

function user({ isRoot, userNamespace, ids }: ContainerFacts): Finding {
  const name = 'user';
  if (userNamespace?.ids === 'ranges') {
    return { name, status: 'ok', text: `rootless, with ${ids} ids in a user namespace` };
  }
  if (userNamespace?.ids === 'single') {
    const text = `rootless with one id: images with files of several owners are refused (${userNamespace.reason})`;
    return { name, status: 'warn', text, remedy: SUBIDS };
  }
  return { name, status: 'ok', text: isRoot ? 'root' : 'not root' };
}

function userNamespaces({ probe, switches, userNamespace, isRoot }: ContainerFacts): Finding {
  const name = 'user namespaces';
  const restricts = switches.apparmorRestricts === 1 ? ', restricted by AppArmor' : '';
  const limit = `limit ${switches.maxUserNamespaces ?? 'unknown'}${restricts}`;
  if (userNamespace?.ids !== 'none' && probe.userNamespace.works) {
    return { name, status: 'ok', text: `allowed (${limit})` };
  }
  const { errno, reason } = userNamespace ?? { errno: 0, reason: '' };
  return {
    name,
    status: isRoot ? 'ok' : 'warn',
    text: `forbidden (${limit})${reason === '' ? '' : `: ${reason}`}`,
    remedy: userNamespaceRemedy(errno, switches),
  };
}

function attempt(name: string, { works, error }: Attempt, otherwise: string): Finding {
  if (works) return { name, status: 'ok', text: 'works in the store' };
  const text = `${error?.call ?? 'it'}: ${error?.reason ?? 'failed'}; ${otherwise}`;
  return { name, status: 'warn', text, ...(error?.hint ? { remedy: error.hint } : {}) };
}

function erofs({ erofs: backing, erofsFile, inUserNamespace }: Probe): Finding {
  const name = 'EROFS';
  if (backing !== 'none') return { name, status: 'ok', text: `mounted by ${backing}` };
  if (inUserNamespace) return { name, status: 'ok', text: 'for root only; layers are unpacked' };
  return attempt(name, erofsFile, 'layers are unpacked into folders');
}

function cgroups({ cgroup }: Probe, isRoot: boolean): Finding {
  const name = 'cgroups';
  const controllers = new Set([...cgroup.v1, ...cgroup.v2]);
  const missing = ['memory', 'cpu', 'pids'].filter((one) => !controllers.has(one));
  const text = `${cgroup.version}, controllers: ${[...controllers].sort().join(' ') || 'none'}`;
  if (missing.length === 0) return { name, status: 'ok', text };
  return {
    name,
    status: 'warn',
    text: `${text}; limits by ${missing.join(', ')} do not work`,
    remedy: isRoot
      ? 'mount cgroup2 with these controllers'
      : 'systemd-run --user --scope -p Delegate=yes slipway …',
  };
}

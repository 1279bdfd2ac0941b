/**
 * The rung of the ladder that this machine, this user and this store allow, as the two things that stand
 * on it: what makes roots, and (for all rungs but chroot the launcher) what starts containers.
 */
import { readFileSync } from 'node:fs';
import type { EventSink } from '#core/events.ts';
import type { Settings } from '#engine.ts';
import type { NativeHelper } from '#layer/native.ts';
import {
  type Choice,
  chooseRung,
  nextBetter,
  noRung,
  type Rung,
  rungName,
} from '#runtime/ladder.ts';
import { type Probe, probe } from '#runtime/probe.ts';
import { readSwitches } from '#runtime/remedies.ts';
import type { Snapshotter } from '#snapshot/snapshotter.ts';
import type { StorePaths } from '#store/paths.ts';

export interface Isolation {
  readonly rung: Rung;
  readonly snapshotter: Snapshotter;
}

export interface IsolationNeeds {
  readonly paths: StorePaths;
  readonly helper: NativeHelper;
  readonly events: EventSink;
}

/** Tries what there is. @throws ISOLATION_UNAVAILABLE with every rung and its reason */
export async function chooseIsolation(
  settings: Settings,
  { paths, helper, events }: IsolationNeeds,
): Promise<Isolation> {
  const { found, choice } = await tryLadder(settings, paths.root);
  const { rung } = choice;
  if (!rung) throw noRung(choice);
  // On the best rung, or on the one that was asked for, there is nothing to tell.
  const obstacle = nextBetter(choice);
  if (obstacle) {
    events({
      kind: 'note',
      level: 'info',
      text: `isolation: ${rungName(rung)}; ${rungName(obstacle.rung)} is not possible here (${obstacle.reason}): ${obstacle.remedy}`,
    });
  }
  return { rung, snapshotter: await snapshotterOf(rung, { paths, helper, found }) };
}

/** What was found on this machine, and the rung that follows from it. For doctor, too. */
export async function tryLadder(
  settings: Settings,
  store: string,
): Promise<{ readonly found: Probe; readonly choice: Choice }> {
  const found = await probe({ helper: settings.helper, store });
  const choice = chooseRung({
    probe: found,
    isolation: settings.isolation ?? 'auto',
    roots: settings.snapshotter,
    userNamespace: settings.userNamespace,
    switches: readSwitches(),
  });
  return { found, choice };
}

async function snapshotterOf(
  rung: Rung,
  { paths, helper, found }: Pick<IsolationNeeds, 'paths' | 'helper'> & { readonly found: Probe },
): Promise<Snapshotter> {
  if (rung.roots === 'erofs' && found.erofs !== 'none') {
    const { erofsSnapshotter } = await import('#snapshot/erofs-overlay.ts');
    return erofsSnapshotter(paths, { backing: found.erofs, helper });
  }
  if (rung.roots === 'copy') {
    const { plainCopySnapshotter } = await import('#snapshot/plain-copy.ts');
    return plainCopySnapshotter(paths, { helper });
  }
  const { folderSnapshotter } = await import('#snapshot/folder-overlay.ts');
  return folderSnapshotter(paths, {
    helper,
    ...(found.inUserNamespace ? { userNamespace: idsHere() } : {}),
  });
}

/** The ids of our user namespace: folders unpacked under other ones have other owners. */
function idsHere(): string {
  return ['uid_map', 'gid_map']
    .map((name) => readFileSync(`/proc/self/${name}`, 'latin1').replace(/\s+/g, ' '))
    .join(';');
}

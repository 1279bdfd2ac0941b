/** The agents that a build was given, before anything is built. */
import { statSync } from 'node:fs';
import type { BuildAgents } from '#core/build-secret.ts';
import { errnoOf, SlipwayError } from '#core/errors.ts';

/** Each must be a socket: keys are the business of an agent. @throws FILE_UNUSABLE */
export function checkAgents(agents: BuildAgents): void {
  for (const [id, path] of Object.entries(agents)) {
    const problem = problemOf(path);
    if (problem === undefined) continue;
    const isDefault = id === 'default';
    throw new SlipwayError('FILE_UNUSABLE', `invalid ssh agent ${id}: ${path}: ${problem}`, {
      hint: isDefault
        ? 'start an agent and give it the key: eval "$(ssh-agent)" && ssh-add FILE'
        : `give the key to an agent (ssh-add FILE) and name its socket: --ssh ${id}=$SSH_AUTH_SOCK`,
      detail: { path },
    });
  }
}

function problemOf(path: string): string | undefined {
  try {
    const stats = statSync(path);
    if (stats.isSocket()) return undefined;
    return stats.isFile() ? 'a file, and not the socket of an agent' : 'not the socket of an agent';
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? 'no such file or directory' : 'it cannot be read';
  }
}

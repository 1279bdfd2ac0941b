/**
 * A real root file system: Debian's minbase as mmdebstrap makes it, kept between runs outside the
 * project because it takes a minute and a mirror.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const FOLDER = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'slipway-tests');
const TIMEOUT_MS = 10 * 60 * 1000;

/** The plain tar, or why there is none. */
export async function debianTar(): Promise<Buffer | string> {
  const tar = join(FOLDER, 'debian-minbase.tar');
  if (!existsSync(tar)) {
    if (spawnSync('mmdebstrap', ['--version']).error !== undefined) {
      return 'needs mmdebstrap: the program is not installed';
    }
    mkdirSync(FOLDER, { recursive: true });
    const fresh = join(FOLDER, `${process.pid}.tar`);
    // A mirror may be a snapshot, whose lists say that they are out of date.
    const old = '--aptopt=Acquire::Check-Valid-Until "false"';
    const args = ['--quiet', '--variant=minbase', '--mode=root', old, 'stable', fresh];
    try {
      await promisify(execFile)('mmdebstrap', args, { timeout: TIMEOUT_MS });
      renameSync(fresh, tar);
    } catch (error) {
      rmSync(fresh, { force: true });
      return `needs a mirror of Debian: ${String(error).split('\n', 1)[0]}`;
    }
  }
  return readFileSync(tar);
}

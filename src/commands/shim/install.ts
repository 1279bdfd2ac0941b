import { lstatSync, readlinkSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BaseCommand } from '#cli/base-command.ts';
import { packageRoot } from '#cli/package-root.ts';
import { PROGRAMS } from '#cli/shims/programs.ts';
import { errnoOf, SlipwayError } from '#core/errors.ts';

export default class ShimInstall extends BaseCommand {
  static override readonly summary = 'Link the names of other programs to slipway';
  static override readonly usage = 'shim install FOLDER [PROGRAM...]';
  static override readonly args = {
    folder: { description: 'Where the links go; put it in front of the PATH', required: true },
    programs: { description: 'Which ones; all of them', required: false, multiple: true },
  } as const;
  static override readonly flags = {};

  protected async run(): Promise<undefined> {
    const { args } = this.parse(ShimInstall);
    const names = args.programs.length > 0 ? args.programs : Object.keys(PROGRAMS);
    const unknown = names.find((name) => !Object.hasOwn(PROGRAMS, name));
    if (unknown !== undefined) {
      throw new SlipwayError('USAGE', `unknown program: ${unknown}`, {
        hint: `the programs are ${Object.keys(PROGRAMS).join(', ')}`,
      });
    }
    const target = join(packageRoot(), 'bin/slipway');
    for (const name of names) {
      const path = join(resolve(args.folder), name);
      link(target, path);
      this.print(path);
    }
  }
}

/** Does not touch what is not ours. @throws FILE_UNUSABLE */
function link(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST' && isLinkTo(target, path)) return;
    const isThere = errnoOf(cause) === 'EEXIST';
    throw new SlipwayError('FILE_UNUSABLE', `failed to link ${path}`, {
      hint: isThere
        ? 'something of that name is there: name another folder, or remove it'
        : 'name a folder that is there and that you may write to',
      cause,
      detail: { path },
    });
  }
}

function isLinkTo(target: string, path: string): boolean {
  return lstatSync(path).isSymbolicLink() && readlinkSync(path) === target;
}

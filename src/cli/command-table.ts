/** Which module is which command. The imports are spelled out, so that the bundle is cut there. */
import type { CommandClass } from './base-command.ts';

type Load = () => Promise<{ readonly default: CommandClass }>;

/** By oclif's id: words joined by colons. */
export const COMMANDS: Readonly<Record<string, Load>> = {
  build: () => import('../commands/build.ts'),
  'builder:du': () => import('../commands/builder/du.ts'),
  'builder:prune': () => import('../commands/builder/prune.ts'),
  doctor: () => import('../commands/doctor.ts'),
  export: () => import('../commands/export.ts'),
  history: () => import('../commands/history.ts'),
  'image:analyze': () => import('../commands/image/analyze.ts'),
  'image:cat': () => import('../commands/image/cat.ts'),
  'image:cp': () => import('../commands/image/cp.ts'),
  'image:diff': () => import('../commands/image/diff.ts'),
  'image:inspect': () => import('../commands/image/inspect.ts'),
  'image:ls-files': () => import('../commands/image/ls-files.ts'),
  'image:prune': () => import('../commands/image/prune.ts'),
  images: () => import('../commands/images.ts'),
  import: () => import('../commands/import.ts'),
  inspect: () => import('../commands/inspect.ts'),
  inventory: () => import('../commands/inventory.ts'),
  lint: () => import('../commands/lint.ts'),
  load: () => import('../commands/load.ts'),
  pull: () => import('../commands/pull.ts'),
  push: () => import('../commands/push.ts'),
  'registry:serve': () => import('../commands/registry/serve.ts'),
  rmi: () => import('../commands/rmi.ts'),
  run: () => import('../commands/run.ts'),
  save: () => import('../commands/save.ts'),
  shim: () => import('../commands/shim.ts'),
  'shim:install': () => import('../commands/shim/install.ts'),
  'system:check': () => import('../commands/system/check.ts'),
  'system:df': () => import('../commands/system/df.ts'),
  'system:gc': () => import('../commands/system/gc.ts'),
  'system:prune': () => import('../commands/system/prune.ts'),
  tag: () => import('../commands/tag.ts'),
  version: () => import('../commands/version.ts'),
  why: () => import('../commands/why.ts'),
};

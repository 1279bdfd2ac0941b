/** Which module is which command. The imports are spelled out, so that the bundle is cut there. */
import type { CommandClass } from './base-command.ts';

type Load = () => Promise<{ readonly default: CommandClass }>;

/** By oclif's id: words joined by colons. */
export const COMMANDS: Readonly<Record<string, Load>> = {
  build: () => import('../commands/build.ts'),
  images: () => import('../commands/images.ts'),
  inspect: () => import('../commands/inspect.ts'),
  lint: () => import('../commands/lint.ts'),
  load: () => import('../commands/load.ts'),
  pull: () => import('../commands/pull.ts'),
  push: () => import('../commands/push.ts'),
  'registry:serve': () => import('../commands/registry/serve.ts'),
  rmi: () => import('../commands/rmi.ts'),
  run: () => import('../commands/run.ts'),
  save: () => import('../commands/save.ts'),
  tag: () => import('../commands/tag.ts'),
  version: () => import('../commands/version.ts'),
};

/** docker's long names for the same commands. */
export const ALIASES: Readonly<Record<string, string>> = {
  'image:build': 'build',
  'image:inspect': 'inspect',
  'image:list': 'images',
  'image:load': 'load',
  'image:ls': 'images',
  'image:pull': 'pull',
  'image:push': 'push',
  'image:rm': 'rmi',
  'image:save': 'save',
  'image:tag': 'tag',
  'container:run': 'run',
  'builder:build': 'build',
};

/** Other names of commands: data alone, so that help can read them without loading any command. */

/** docker's long names, by oclif's id: words joined by colons. */
export const ALIASES: Readonly<Record<string, string>> = {
  'image:build': 'build',
  'image:history': 'history',
  'image:import': 'import',
  'image:list': 'images',
  'image:load': 'load',
  'image:ls': 'images',
  'image:pull': 'pull',
  'image:push': 'push',
  'image:remove': 'rmi',
  'image:rm': 'rmi',
  'image:save': 'save',
  'image:tag': 'tag',
  'container:run': 'run',
  'builder:build': 'build',
  'buildx:build': 'build',
  'buildx:du': 'builder:du',
  'buildx:history:inspect': 'history:inspect',
  'buildx:history:logs': 'history:logs',
  'buildx:history:ls': 'history:ls',
  'buildx:history:rm': 'history:rm',
  'buildx:imagetools:create': 'imagetools:create',
  'buildx:imagetools:inspect': 'imagetools:inspect',
  'buildx:prune': 'builder:prune',
};

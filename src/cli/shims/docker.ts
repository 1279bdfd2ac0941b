/** docker, and `docker-buildx` as a program of its own: mostly ours word by word. */
import { join } from 'node:path';
import { DOCKER_BUILD, DOCKER_GLOBALS, DOCKER_MISSING } from './docker-options.ts';
import { ourOptions } from './option-table.ts';
import type { GlobalPlan, Place, Plan, Program, ShimCommand } from './program.ts';
import { type ReadLine, refuse } from './read-options.ts';

const BUILD: ShimCommand = {
  id: 'build',
  options: (ours) => ({ ...ourOptions(ours), ...DOCKER_BUILD }),
  plan: planBuild,
};

export const DOCKER: Program = {
  name: 'docker',
  globals: DOCKER_GLOBALS,
  commands: {
    build: BUILD,
    'builder build': BUILD,
    'buildx b': BUILD,
    'buildx build': BUILD,
    'image build': BUILD,
  },
  missing: DOCKER_MISSING,
  settings: globalPlan,
};

/** `docker-buildx build`; as a plugin docker puts its own word in front: `docker-buildx buildx build`. */
export const BUILDX: Program = {
  ...DOCKER,
  name: 'docker-buildx',
  commands: { ...DOCKER.commands, b: BUILD },
  missing: {
    ...DOCKER_MISSING,
    ...Object.fromEntries(
      Object.entries(DOCKER_MISSING).map(([words, fix]) => [words.replace(/^buildx /, ''), fix]),
    ),
  },
  topic: 'buildx',
  answers: { 'docker-cli-plugin-metadata': pluginMetadata },
};

/** What docker asks of its plugins. */
function pluginMetadata(version: string): string {
  return JSON.stringify({
    SchemaVersion: '0.1.0',
    Vendor: 'Slipway',
    Version: version,
    ShortDescription: 'Builds with Slipway',
  });
}

function globalPlan({ values }: ReadLine): GlobalPlan {
  const config = values.text('config');
  const isDebug = values.isOn('debug') || values.text('log-level') === 'debug';
  return {
    argv: isDebug ? ['--debug'] : [],
    ...(config === undefined ? {} : { over: { credentialsFile: join(config, 'config.json') } }),
  };
}

function planBuild({ passed, values, words }: ReadLine, { command }: Place): Plan {
  const progress = values.text('progress');
  return {
    lines: [
      [
        'build',
        ...(values.isOn('debug') ? ['--debug'] : []),
        ...(progress === undefined
          ? []
          : [`--progress=${progress === 'none' ? 'quiet' : progress}`]),
        ...values.list('resource').map((one) => resource(one, command)),
        ...passed,
        ...words,
      ],
    ],
  };
}

const RESOURCES: ReadonlySet<string> = new Set([
  ...['memory', 'memory-swap', 'cpu-shares', 'cpu-period', 'cpu-quota'],
  ...['cpuset-cpus', 'cpuset-mems'],
]);

/** `memory=2g` is the flag of that name. */
function resource(text: string, command: string): string {
  const name = text.slice(0, text.indexOf('='));
  if (RESOURCES.has(name)) return `--${text}`;
  return refuse(command, `--resource ${text}`, `the resources are ${[...RESOURCES].join(', ')}`);
}

/**
 * Writes docs/shim-options.md from the tables of options of other programs. It is committed;
 * test/bin/shims-page.test.ts fails when it is stale.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BUILDAH_BUILD,
  BUILDAH_GLOBALS,
  PODMAN_BUILD,
  TRANSFER,
} from '#cli/shims/buildah-options.ts';
import { DOCKER_BUILD, DOCKER_GLOBALS } from '#cli/shims/docker-options.ts';
import { KANIKO } from '#cli/shims/kaniko-options.ts';
import type { OptionTable } from '#cli/shims/option-table.ts';

const SECTIONS: readonly (readonly [heading: string, table: OptionTable])[] = [
  ['docker, in front of the command', DOCKER_GLOBALS],
  ['docker build, docker buildx build', DOCKER_BUILD],
  ['buildah and podman, in front of the command', BUILDAH_GLOBALS],
  ['buildah build (bud)', BUILDAH_BUILD],
  ['podman build, where it differs', difference(PODMAN_BUILD, BUILDAH_BUILD)],
  ['buildah and podman: push, pull, save', TRANSFER],
  ['kaniko (executor)', KANIKO],
];

function difference(table: OptionTable, from: OptionTable): OptionTable {
  return Object.fromEntries(Object.entries(table).filter(([name, one]) => from[name] !== one));
}

/** The page as it should be. */
export function shimsPage(): string {
  return [
    '# Options of other programs that are refused or change nothing',
    '',
    '<!-- Written by bin/shims-page.ts from src/cli/shims; change it there. -->',
    '',
    'All other options of these commands [mean the same to slipway](shims.md), those of `slipway build --help`',
    'as far as our build has them.',
    '',
    ...SECTIONS.flatMap(([heading, table]) => section(heading, table)),
  ].join('\n');
}

function section(heading: string, table: OptionTable): readonly string[] {
  const rows = Object.entries(table).flatMap(([name, { effect }]) => {
    switch (effect.kind) {
      case 'refused':
        return [`| \`--${name}\` | refused | ${effect.fix} |`];
      case 'only': {
        const allowed = effect.values.map((value) => `\`${value || '""'}\``).join(' or ');
        return [`| \`--${name}\` | refused unless ${allowed} | ${effect.fix} |`];
      }
      case 'ignored':
        return [`| \`--${name}\` | changes nothing | ${effect.why} |`];
      default:
        return [];
    }
  });
  return rows.length === 0
    ? []
    : [
        `## ${heading}`,
        '',
        '| option | | why, or what helps |',
        '| --- | --- | --- |',
        ...rows,
        '',
      ];
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, '../docs/shim-options.md'), shimsPage());
}

/**
 * Writes docs/lint from the table of lint rules: a page for each, and an index. They are committed;
 * test/bin/lint-pages.test.ts fails when they are stale.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECK_OPTIONS_CUT, CHECK_OPTIONS_INVALID, UNKNOWN_RULE } from '#dockerfile/lint/notes.ts';
import type { Rule } from '#dockerfile/lint/rule.ts';
import { RULES } from '#dockerfile/lint/rules.ts';

/** The engine's own notes have a name and a page too, though nobody can switch them on. */
const NOTES = [CHECK_OPTIONS_INVALID, CHECK_OPTIONS_CUT, UNKNOWN_RULE];

interface Section {
  readonly title: string;
  readonly about: string;
  readonly rules: readonly Rule[];
}

const SECTIONS: readonly Section[] = [
  {
    title: "Docker's build checks",
    about: 'On by default, under the names and with the texts that `docker build --check` shows.',
    rules: ofProfile('buildkit'),
  },
  {
    title: 'Experimental checks',
    about: 'Of docker too, and off unless asked for by name.',
    rules: ofProfile('experimental'),
  },
  {
    title: "Hadolint's rules",
    about: 'On request, as the profile `hadolint` or `all`, under the numbers people know.',
    rules: ofProfile('hadolint'),
  },
  {
    title: 'About the check directive',
    about: 'Said whenever the options of a check are wrong.',
    rules: NOTES,
  },
];

function ofProfile(profile: Rule['profile']): readonly Rule[] {
  return RULES.filter((rule) => rule.profile === profile);
}

/** File name → text, for every page as it should be. */
export function lintPages(): ReadonlyMap<string, string> {
  const pages = SECTIONS.flatMap((section) =>
    section.rules.map((rule) => [`${rule.name}.md`, rulePage(rule, section)] as const),
  );
  return new Map([['README.md', indexPage()], ...pages]);
}

const ORIGIN = '<!-- Written by bin/lint-pages.ts from src/dockerfile/lint; change it there. -->';

function indexPage(): string {
  const sections = SECTIONS.flatMap(({ title, about, rules }) => [
    ...[`## ${title}`, '', about, '', '| rule | severity | what |', '| --- | --- | --- |'],
    ...rules.map(
      ({ name, severity, description }) =>
        `| [${name}](${name}.md) | ${severity} | ${description.replaceAll('|', '\\|')} |`,
    ),
    '',
  ]);
  return ['# Lint rules', '', ORIGIN, '', ...sections].join('\n');
}

function rulePage(rule: Rule, section: Section): string {
  const { name, severity, description, explanation, url } = rule;
  return [
    `# ${name}`,
    '',
    ORIGIN,
    '',
    /[.!?]$/.test(description) ? description : `${description}.`,
    '',
    explanation,
    '',
    `- Severity: ${severity}`,
    `- Belongs to: [${section.title}](README.md)`,
    ...(NOTES.includes(rule) ? [] : ignoring(name)),
    ...(url === '' ? [] : [`- Elsewhere: <${url}>`]),
    '',
  ].join('\n');
}

function ignoring(name: string): readonly string[] {
  return [
    `- Ignored for one instruction by a comment above it: \`# hadolint ignore=${name}\``,
    `- Ignored for the file by a directive at its top: \`# check=skip=${name}\``,
  ];
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, '../docs/lint');
  const pages = lintPages();
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (!pages.has(name)) rmSync(join(folder, name));
  for (const [name, text] of pages) writeFileSync(join(folder, name), text);
}

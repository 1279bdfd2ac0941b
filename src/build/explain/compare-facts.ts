/** Two steps that could have been one: what differs, the first reason first. Pure. */
import type { StepFacts } from './step-facts.ts';

export interface Difference {
  /** For people: `package.json changed (content)`. */
  readonly text: string;
  readonly kind: 'setting' | 'variable' | 'file' | 'base' | 'below';
}

/** In the order in which they explain: what was written, what was given, what is below. */
export function differences(now: StepFacts, before: StepFacts): readonly Difference[] {
  return [
    ...changes(now.settings, before.settings).map(
      (one): Difference => ({ kind: 'setting', text: settingText(one) }),
    ),
    ...changes(now.variables, before.variables).map(
      ({ name, now: value, before: old }): Difference => ({
        kind: 'variable',
        text: `the variable ${name} ${verb(value, old)}`,
      }),
    ),
    ...changes(now.files, before.files).map(
      (one): Difference => ({ kind: 'file', text: fileText(one) }),
    ),
    ...belowDifferences(now, before),
  ];
}

interface Change {
  readonly name: string;
  readonly now: string | undefined;
  readonly before: string | undefined;
}

function changes(
  now: Readonly<Record<string, string>>,
  before: Readonly<Record<string, string>>,
): readonly Change[] {
  const names = [...new Set([...Object.keys(now), ...Object.keys(before)])];
  return names
    .map((name) => ({ name, now: now[name], before: before[name] }))
    .filter((one) => one.now !== one.before);
}

function verb(now: string | undefined, before: string | undefined): string {
  if (before === undefined) return 'is new';
  return now === undefined ? 'is gone' : 'changed';
}

const SETTINGS: Readonly<Record<string, string>> = {
  args: 'the command',
  script: 'the script',
  workdir: 'WORKDIR',
  user: 'USER',
  chown: '--chown',
  chmod: '--chmod',
  destination: 'the destination',
  heredocs: 'the text in the Dockerfile',
  network: '--network',
  security: '--security',
  mounts: '--mount',
  exclude: '--exclude',
  parents: '--parents',
  link: '--link',
};

/** What is longer in all does not fit a line. */
const SHOWN_MAX = 240;

function settingText({ name, now, before }: Change): string {
  const what = SETTINGS[name] ?? name;
  const isShown =
    now !== undefined && before !== undefined && now.length + before.length < SHOWN_MAX;
  return isShown ? `${what} changed: ${now}, was ${before}` : `${what} ${verb(now, before)}`;
}

const PARTS = ['kind', 'mode', 'owner', 'content'];

function fileText({ name, now, before }: Change): string {
  if (now === undefined || before === undefined) return `${name} ${verb(now, before)}`;
  const old = before.split(' ');
  const parts = now.split(' ').flatMap((part, index) => {
    if (part === old[index]) return [];
    const what = PARTS[index] ?? 'attributes';
    return what === 'mode' ? [`mode ${part}, was ${old[index] ?? 'none'}`] : [what];
  });
  return `${name} changed (${parts.join(', ')})`;
}

function belowDifferences(now: StepFacts, before: StepFacts): readonly Difference[] {
  if (now.base !== before.base) {
    return [{ kind: 'base', text: `the base image is ${now.base}, was ${before.base}` }];
  }
  return now.below === before.below ? [] : [{ kind: 'below', text: 'what is below it changed' }];
}

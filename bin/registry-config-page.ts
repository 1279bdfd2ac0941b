/**
 * Writes docs/registry-config.md from the table of the registry's configuration keys. It is committed;
 * test/bin/registry-config-page.test.ts fails when it is stale.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIG_KEYS, type ConfigKey, variableOf } from '#registry/config/keys.ts';
import { UPSTREAM_KEYS } from '#registry/config/upstreams.ts';

/** The page as it should be. */
export function registryConfigPage(): string {
  return [
    '# Configuration of the registry',
    '',
    '<!-- Written by bin/registry-config-page.ts from registry/config/keys.ts; change it there. -->',
    '',
    'Nothing needs to be configured. `slipway registry serve --config FILE` reads YAML or JSON; each key',
    'has a variable, too, and those that docker’s registry knows have its variable. Flags win over our',
    'variables, those over docker’s, those over the file. A key that does not exist is refused with its line.',
    'A dot is a level of the file: `tls.key` is `key` below `tls`. Lists are lists, or words with commas.',
    '',
    '| key | meaning | otherwise | variable, and docker’s |',
    '| --- | --- | --- | --- |',
    ...Object.entries(CONFIG_KEYS).map(row),
    '',
    '## Rules of access',
    '',
    'Where none are written, who signs in may do everything, and nobody else anything (`auth.anonymous: pull`:',
    'everybody may pull). With rules an action is allowed when some rule allows it:',
    '',
    '```yaml',
    'access:',
    '  groups:',
    '    dev: [ana, bob]',
    '  rules:',
    '    - { repositories: "team/**", groups: [dev], actions: [pull, push] }',
    '    - { repositories: "base/*", users: ["*"], actions: [pull] }       # all who sign in',
    '    - { repositories: "pub/**", users: [anonymous], actions: [pull] } # everybody',
    '    - { repositories: "**", users: [carl], actions: [pull, push, delete] }',
    '```',
    '',
    '`*` in a repository is one part of its name, `**` any number of them, `?` a character.',
    '',
    ...CARE,
    '## Upstreams',
    '',
    'Registries that are asked for what is not here ([how](registry.md#a-cache-of-other-registries)):',
    '',
    '```yaml',
    'proxy:',
    '  upstreams:',
    '    - { name: docker.io, url: "https://registry-1.docker.io", repositories: ["library/*"], ttl: 30d }',
    '    - { name: ghcr.io, url: "https://ghcr.io", only: ["our-team/**"], credentials: files }',
    '```',
    '',
    '| key of an upstream | meaning |',
    '| --- | --- |',
    ...Object.entries(UPSTREAM_KEYS).map(([key, meaning]) => `| ${code(key)} | ${meaning} |`),
    '',
    'How an upstream is reached otherwise (certificates, proxies, mirrors) is said where it is said for',
    '`slipway pull`: [registries.md](registries.md). A key of `--proxy` wins over an upstream of the same name.',
    '',
    '## Webhooks',
    '',
    '```yaml',
    'webhooks:',
    '  - url: https://ci.example.com/hook',
    '    headers: { Authorization: Bearer x }',
    '    events: [push, delete]      # of push, pull, mount, delete; all of them where none are named',
    '    repositories: team/**',
    '```',
    '',
    'The body is what docker’s registry sends (`application/vnd.docker.distribution.events.v1+json`). A receiver that',
    'does not answer 2xx is tried again after a second, then twice as long up to five minutes; 10,000 events',
    'wait at most for each.',
    '',
  ].join('\n');
}

const CARE = [
  '## Looking after what is held',
  '',
  'Times are `90s`, `15m`, `12h`, `7d`, `2w`, or `off` where that makes sense. In each rule `repositories` and `tags`',
  'are globs, or `/regular expressions/` for the whole name; left out they mean all.',
  '',
  '```yaml',
  'gc: { interval: 1h, grace: 24h, uploads: 7d }',
  'scrub: { interval: 30d, rate: 20MiB }',
  'quota:',
  '  total: 500GiB                 # of all blobs, each counted once',
  '  rules:                        # of each repository; the first that matches counts',
  '    - { repositories: "team/**", size: 20GiB }',
  '    - { repositories: "**", size: 5GiB }',
  'tags:',
  '  - { tags: "/v\\d+\\.\\d+\\.\\d+/", immutable: true }   # never pointed at something else',
  '  - { tags: "/stable|latest/", protected: true }        # never deleted',
  'retention:',
  '  interval: 24h',
  '  rules:',
  '    - { repositories: "team/**", tags: "dev-*", keep-last: 10, pulled-within: 30d }',
  '    - { repositories: "**", untagged: 7d }',
  '```',
  '',
  'A tag goes when some rule of retention speaks of it and none keeps it: by `keep-last` (of the tags that the rule',
  'speaks of, by the time of their last push), `pushed-within` or `pulled-within`. With its last tag an image goes,',
  'with the images of an index and what is about it (signatures). `untagged` is how long manifests without a tag stay.',
  'Without rules everything stays. `slipway registry retention --dry-run` tells what would go, and why.',
  '',
];

function row([key, spec]: [string, ConfigKey]): string {
  const { meaning, fallback = '', docker, values } = spec;
  const choice = values === undefined ? '' : ` (${values.map(code).join(' or ')})`;
  const otherwise = fallback === '' || fallback.includes('`') ? fallback : code(fallback);
  const variables = [variableOf(key), ...(docker === undefined ? [] : [docker])].map(code);
  return `| ${code(key)} | ${meaning}${choice} | ${otherwise} | ${variables.join(' ')} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, '../docs/registry-config.md'), registryConfigPage());
}

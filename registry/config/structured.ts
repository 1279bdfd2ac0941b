/** The parts of the configuration file that are lists of things. */
import { SlipwayError } from '#core/errors.ts';
import type { ObjectReader } from '#core/json.ts';
import type { AccessRule, AccessRules, Action, WebhookConfig } from '#core/registry-config.ts';
import { isAction } from '../auth/access.ts';
import { CARE_LISTS } from './care.ts';

export const STRUCTURED_KEYS: readonly string[] = [
  'access.rules',
  'access.groups',
  'webhooks',
  ...CARE_LISTS,
  'proxy.upstreams',
];

/** `access:` with `groups` and `rules`; undefined where nothing is said. @throws CONFIG_INVALID, JSON_INVALID */
export function rulesIn(document: ObjectReader): AccessRules | undefined {
  const access = document.optionalObject('access');
  if (!access) return undefined;
  const groups = access.optionalObject('groups');
  const names = groups?.keys() ?? [];
  return {
    groups: Object.fromEntries(names.map((name) => [name, groups?.strings(name) ?? []])),
    rules: access.objects('rules').map((rule) => ruleIn(rule, names)),
  };
}

function ruleIn(rule: ObjectReader, groups: readonly string[]): AccessRule {
  const unknown = rule.keys().find((key) => !RULE_KEYS.includes(key));
  if (unknown !== undefined) throw invalid(`an access rule has no key ${unknown}`, RULE_KEYS);
  const stray = rule.strings('groups').find((name) => !groups.includes(name));
  if (stray !== undefined) throw invalid(`an access rule names the group ${stray}`, groups);
  return {
    repositories: rule.string('repositories'),
    users: rule.strings('users'),
    groups: rule.strings('groups'),
    actions: rule.strings('actions').map(actionIn),
  };
}

const RULE_KEYS: readonly string[] = ['repositories', 'users', 'groups', 'actions'];

/** `webhooks:`, a list. @throws CONFIG_INVALID, JSON_INVALID */
export function webhooksIn(document: ObjectReader): readonly WebhookConfig[] {
  return document.objects('webhooks').map((entry) => {
    const unknown = entry.keys().find((key) => !WEBHOOK_KEYS.includes(key));
    if (unknown !== undefined) throw invalid(`a webhook has no key ${unknown}`, WEBHOOK_KEYS);
    const url = entry.string('url');
    if (!URL.canParse(url) || !/^https?:/.test(url)) {
      throw invalid(`a webhook's url is ${JSON.stringify(url)}`, ['http://…', 'https://…']);
    }
    const events = entry.has('events') ? entry.strings('events') : WEBHOOK_EVENTS;
    const stray = events.find((event) => !WEBHOOK_EVENTS.includes(event));
    if (stray !== undefined) throw invalid(`a webhook wants ${stray}`, WEBHOOK_EVENTS);
    return {
      url,
      headers: entry.optionalStringMap('headers') ?? {},
      events,
      repositories: entry.optionalString('repositories') ?? '**',
    };
  });
}

const WEBHOOK_KEYS: readonly string[] = ['url', 'headers', 'events', 'repositories'];
const WEBHOOK_EVENTS: readonly string[] = ['push', 'pull', 'mount', 'delete'];

function actionIn(text: string): Action {
  if (isAction(text)) return text;
  throw invalid(`an access rule allows ${text}`, ['pull', 'push', 'delete']);
}

function invalid(what: string, known: readonly string[]): SlipwayError {
  return new SlipwayError('CONFIG_INVALID', what, { hint: `there is: ${known.join(', ')}` });
}

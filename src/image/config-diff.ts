/** Two image configs compared value by value: variables, labels, ports and volumes one by one. */
import type { ImageConfig } from '#core/image-config.ts';
import type { ConfigChange } from '#core/image-files.ts';
import type { JsonValue } from '#core/json.ts';

/** `times`: when the images and their steps were made counts too. */
export function configDiff(
  before: ImageConfig,
  after: ImageConfig,
  { times }: { readonly times: boolean },
): readonly ConfigChange[] {
  const a = valuesOf(before, times);
  const b = valuesOf(after, times);
  const fields = [...new Set([...a.keys(), ...b.keys()])];
  return fields.flatMap((field) => {
    const [old, now] = [a.get(field), b.get(field)];
    if (JSON.stringify(old) === JSON.stringify(now)) return [];
    return [
      {
        field,
        ...(old === undefined ? {} : { before: old }),
        ...(now === undefined ? {} : { after: now }),
      },
    ];
  });
}

/** By the names that inspect shows, in the order of the document. */
function valuesOf(image: ImageConfig, times: boolean): ReadonlyMap<string, JsonValue> {
  const values = new Map<string, JsonValue>();
  const set = (field: string, value: JsonValue | undefined): void => {
    if (value !== undefined && value !== '') values.set(field, value);
  };
  set('Architecture', image.architecture);
  set('Variant', image.variant);
  set('Os', image.os);
  set('Author', image.author);
  if (times) set('Created', image.created);
  for (const [key, value] of Object.entries(image.config)) {
    if (value === undefined || value === null) continue;
    if (key === 'Env') for (const [name, text] of variables(value)) set(`Env.${name}`, text);
    else if (isMap(value))
      for (const [name, one] of Object.entries(value)) set(`${key}.${name}`, one);
    else if (!Array.isArray(value) || value.length > 0) set(key, value);
  }
  const steps = image.history.map(({ created, created_by: by, comment }) =>
    [...(times ? [created] : []), by, comment].filter((text) => text !== undefined).join(' # '),
  );
  set('History', steps);
  return values;
}

function variables(env: JsonValue): [string, string][] {
  if (!Array.isArray(env)) return [];
  return env.map((item) => {
    const [name = '', ...rest] = String(item).split('=');
    return [name, rest.join('=')];
  });
}

function isMap(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

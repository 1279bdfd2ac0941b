/** What cached steps were made of, beside their records and gone with them; what it means, build/ knows. */
import { type JsonValue, parseJson } from '#core/json.ts';
import { type Metadata, textOf } from './metadata.ts';

export interface EarlierStep {
  readonly facts: JsonValue;
}

export interface SavedFacts {
  /** Of a record that is there. */
  readonly key: string;
  readonly place: string;
  readonly facts: JsonValue;
}

/** Enough to find the nearest; more would take longer than the step. */
const CANDIDATES_MAX = 20;

export class StepFactsStore {
  readonly #metadata: Metadata;

  /** @internal use LocalStore.stepFacts */
  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  save({ key, place, facts }: SavedFacts): void {
    const sql = 'INSERT OR REPLACE INTO step_facts VALUES (?, ?, ?)';
    this.#metadata.run(sql, key, place, JSON.stringify(facts));
  }

  /** What is kept of a key's step. */
  saved(key: string): Omit<SavedFacts, 'key'> | undefined {
    const row = this.#metadata.get('SELECT place, facts FROM step_facts WHERE key = ?', key);
    if (!row) return undefined;
    return {
      place: textOf(row, 'place'),
      facts: parseJson(textOf(row, 'facts'), 'facts of a step'),
    };
  }

  /** Steps of the same place or with the same text, the one used last first. */
  earlier(step: { readonly place: string; readonly description: string }): readonly EarlierStep[] {
    const rows = this.#metadata.all(
      `SELECT f.facts FROM step_facts f JOIN records r ON r.key = f.key
       WHERE f.place = ? OR r.description = ? ORDER BY r.used_at_ms DESC LIMIT ?`,
      step.place,
      step.description,
      CANDIDATES_MAX,
    );
    return rows.map((row) => ({ facts: parseJson(textOf(row, 'facts'), 'facts of a step') }));
  }

  /** Keys of {@link earlier}, without reading what they were made of. */
  earlierKeys(step: { readonly place: string; readonly description: string }): readonly string[] {
    const rows = this.#metadata.all(
      `SELECT f.key FROM step_facts f JOIN records r ON r.key = f.key
       WHERE f.place = ? OR r.description = ? ORDER BY r.used_at_ms DESC LIMIT ?`,
      step.place,
      step.description,
      CANDIDATES_MAX,
    );
    return rows.map((row) => textOf(row, 'key'));
  }

  /** What the step of a key was made of; undefined when its record is gone. */
  of(key: string): JsonValue | undefined {
    const row = this.#metadata.get('SELECT facts FROM step_facts WHERE key = ?', key);
    return row && parseJson(textOf(row, 'facts'), 'facts of a step');
  }

  /** Whether any record has this text, with facts or without. */
  hasRecord(description: string): boolean {
    const sql = 'SELECT 1 FROM records WHERE description = ? LIMIT 1';
    return this.#metadata.get(sql, description) !== undefined;
  }
}

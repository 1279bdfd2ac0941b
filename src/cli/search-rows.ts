/** docker's columns of a search, and its filters. Pure. */
import { SlipwayError } from '#core/errors.ts';
import type { SearchResult } from '#core/search-result.ts';
import { type RowKind, rowOf } from './rows.ts';
import type { Struct } from './template/values.ts';

const DESCRIPTION_LENGTH_MAX = 45;

export const SEARCH_ROW_KIND: RowKind = {
  subject: 'search result',
  headings: {
    Name: 'NAME',
    Description: 'DESCRIPTION',
    StarCount: 'STARS',
    IsOfficial: 'OFFICIAL',
  },
  columns: ['Name', 'Description', 'StarCount', 'IsOfficial'],
};

/** Most stars first, else in the registry's order. */
export function searchRows(
  results: readonly SearchResult[],
  { noTrunc }: { readonly noTrunc: boolean },
): readonly Struct[] {
  return results
    .toSorted((a, b) => b.stars - a.stars)
    .map(({ name, description, stars, isOfficial }) =>
      rowOf(
        {
          Name: name,
          Description: noTrunc ? description : shortened(description),
          StarCount: String(stars),
          IsOfficial: isOfficial ? '[OK]' : '',
        },
        // A mark for people, a word for programs.
        { IsOfficial: String(isOfficial) },
      ),
    );
}

function shortened(text: string): string {
  const letters = [...text];
  if (letters.length <= DESCRIPTION_LENGTH_MAX) return text;
  return `${letters.slice(0, DESCRIPTION_LENGTH_MAX - 1).join('')}…`;
}

export type SearchFilter = (result: SearchResult) => boolean;

/** `stars=3` (at least), `is-official=true`, `is-automated=false`; all must hold. @throws USAGE */
export function searchFilters(texts: readonly string[]): SearchFilter {
  const filters = texts.map(searchFilter);
  return (result) => filters.every((keeps) => keeps(result));
}

function searchFilter(text: string): SearchFilter {
  const equals = text.indexOf('=');
  const name = text
    .slice(0, equals < 0 ? undefined : equals)
    .trim()
    .toLowerCase();
  const value = equals < 0 ? '' : text.slice(equals + 1).trim();
  switch (name) {
    case 'stars':
      if (!/^\d{1,9}$/.test(value)) break;
      return ({ stars }) => stars >= Number(value);
    case 'is-official':
      if (value !== 'true' && value !== 'false') break;
      return ({ isOfficial }) => isOfficial === (value === 'true');
    case 'is-automated':
      if (value !== 'true' && value !== 'false') break;
      // Nobody has automated builds any more: docker finds none either.
      return () => value === 'false';
    default:
      throw new SlipwayError('USAGE', `invalid filter '${name}'`, {
        hint: 'filters are stars=NUMBER, is-official=true|false and is-automated=true|false',
      });
  }
  throw new SlipwayError('USAGE', `invalid filter '${name}=${value}'`, {
    hint: name === 'stars' ? 'give a number: stars=3' : `say ${name}=true or ${name}=false`,
  });
}

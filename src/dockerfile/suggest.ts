/**
 * "Did you mean …?": the candidate nearest to a mistyped word, by edit distance. Docker's limit is
 * kept: three edits away is no longer a suggestion.
 */

const MAX_DISTANCE = 2;

/**
 * The nearest candidate at most two edits away, or undefined when there is none or `word` is one.
 * Case is ignored; the answer follows the case of `word` where that is all lower or all upper. The
 * first of several equally near wins.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  const best = nearest(candidates, (candidate) => editDistance(wanted, candidate.toLowerCase()));
  return best === undefined ? undefined : inCaseOf(word, best);
}

/** The same for names that differ by case (variables). */
export function suggestName(name: string, candidates: Iterable<string>): string | undefined {
  return nearest(candidates, (candidate) => editDistance(name, candidate));
}

function nearest(
  candidates: Iterable<string>,
  distanceTo: (candidate: string) => number,
): string | undefined {
  let best: string | undefined;
  let bestDistance = MAX_DISTANCE + 1;
  for (const candidate of candidates) {
    const distance = distanceTo(candidate);
    if (distance === 0) return undefined;
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function inCaseOf(word: string, candidate: string): string {
  if (word === word.toLowerCase()) return candidate.toLowerCase();
  if (word === word.toUpperCase()) return candidate.toUpperCase();
  return candidate;
}

/** Levenshtein distance, cut short where the lengths alone are too far apart. */
function editDistance(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > MAX_DISTANCE) return MAX_DISTANCE + 1;
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const substitution = left[row - 1] === right[column - 1] ? 0 : 1;
      current.push(
        Math.min(
          (previous[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (previous[column - 1] ?? 0) + substitution,
        ),
      );
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}

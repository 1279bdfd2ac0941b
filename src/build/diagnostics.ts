/** A Dockerfile with errors is not built: all of them, as one error. */
import { SlipwayError } from '#core/errors.ts';
import type { Dockerfile } from '#dockerfile/ast.ts';

/** The first error leads; `diagnostics` in detail has them all. @throws DOCKERFILE_INVALID */
export function refuseInvalid({
  file,
  diagnostics,
}: Pick<Dockerfile, 'file' | 'diagnostics'>): void {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (!first) return;
  throw new SlipwayError('DOCKERFILE_INVALID', first.message, {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    detail: { source: file, range: first.range, diagnostics: errors },
  });
}

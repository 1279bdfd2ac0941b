/** Where an instruction takes files from: the context, an earlier stage, an image. */
import type { JsonValue } from '#core/json.ts';
import type { Dockerfile } from '#dockerfile/ast.ts';
import { withStageHint } from './base-images.ts';
import type { FileTree } from './file-tree.ts';
import type { StageContext } from './stage.ts';
import { type SourceName, sourceOf } from './stage-references.ts';
import { stageTree } from './stage-tree.ts';
import { imageState } from './state.ts';
import { atPlace, atPlaceAsync } from './step-error.ts';

/** A place that files are read from, opened only when content is needed. */
export interface Origin {
  /** Known without content: the stage's definition key; undefined for the context. */
  readonly definition?: JsonValue;
  /** The caller disposes it. */
  readonly open: () => Promise<FileTree & Disposable>;
}

export type OriginContext = Omit<StageContext, 'label' | 'dockerfile'> & {
  /** The text that the name stands in. */
  readonly dockerfile: Dockerfile;
};

/** Without a name the context. @throws DOCKERFILE_INVALID, REFERENCE_INVALID, BASE_UNKNOWN */
export async function originOf(
  name: SourceName | undefined,
  context: OriginContext,
): Promise<Origin> {
  const { plan, dockerfile, stage, session } = context;
  if (name === undefined) return { open: () => context.context.tree() };
  if (context.contexts.has(name.text)) {
    return await atPlaceAsync(dockerfile, name, () =>
      context.contexts.files(name.text, stage.platform),
    );
  }
  const from = atPlace(dockerfile, name, () => sourceOf(name, stage, plan.stages));
  const source =
    from.kind === 'stage'
      ? await context.result(from.index)
      : await atPlaceAsync(dockerfile, name, async () =>
          imageState(
            await session
              .resolveBase(from.reference, {
                platform: stage.platform,
                signal: session.signal,
              })
              .catch((error: unknown) => {
                throw withStageHint(error, name.text, plan.stages.slice(0, stage.index));
              }),
          ),
        );
  return { definition: source.definition, open: () => stageTree(session, source) };
}

/** The part of a build's record that is one JSON document: all but what is asked for by column. */
import type { BuildInputs, BuildResultRecord, StepCounts } from '#core/build-record.ts';
import { type Digest, parseDigest } from '#core/digest.ts';
import { ObjectReader, parseJson } from '#core/json.ts';

export interface BuildDocument extends BuildInputs {
  readonly name: string;
  readonly outputs: readonly string[];
  readonly steps?: StepCounts;
  readonly error?: string;
  readonly result?: BuildResultRecord;
  /** The ID of the image with the failed step's root. */
  readonly failedImage?: Digest;
}

const WHAT = 'the record of a build';

/** @throws JSON_INVALID */
export function parseBuildDocument(text: string): BuildDocument {
  const fields = new ObjectReader(parseJson(text, WHAT), WHAT);
  const dockerfile = fields.optionalObject('dockerfile');
  const steps = fields.optionalObject('steps');
  const result = fields.optionalObject('result');
  const error = fields.optionalString('error');
  const target = fields.optionalString('target');
  const failedImage = fields.optionalString('failedImage');
  return {
    name: fields.string('name'),
    context: fields.string('context'),
    platforms: fields.strings('platforms'),
    buildArgs: fields.strings('buildArgs'),
    outputs: fields.strings('outputs'),
    ...(target === undefined ? {} : { target }),
    ...(error === undefined ? {} : { error }),
    ...(failedImage === undefined ? {} : { failedImage: parseDigest(failedImage) }),
    ...(dockerfile
      ? {
          dockerfile: {
            path: dockerfile.string('path'),
            digest: parseDigest(dockerfile.string('digest')),
          },
        }
      : {}),
    ...(steps
      ? {
          steps: {
            total: steps.size('total'),
            completed: steps.size('completed'),
            cached: steps.size('cached'),
          },
        }
      : {}),
    ...(result
      ? {
          result: {
            imageId: parseDigest(result.string('imageId')),
            manifest: parseDigest(result.string('manifest')),
            names: result.strings('names'),
          },
        }
      : {}),
  };
}

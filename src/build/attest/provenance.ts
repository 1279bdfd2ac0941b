/**
 * SLSA provenance v1 of a build (slsa.dev/spec/v1.0/provenance), in BuildKit's fields where it has some:
 * what was asked for, what was taken from elsewhere, when it was. `min` leaves out whatever may be
 * nobody's business: arguments, labels, names of secrets, the Dockerfile and its steps.
 */
import type { ProvenanceRequest } from '#core/attestation.ts';
import { formatPlatform } from '#core/platform.ts';
import type { BuildPlan } from '../plan.ts';
import type { BuildSession } from '../session.ts';
import type { StageState } from '../state.ts';
import type { Material } from './materials.ts';

export interface ProvenanceFacts {
  readonly request: ProvenanceRequest;
  readonly tool: string;
  readonly plan: BuildPlan;
  readonly state: StageState;
  readonly materials: readonly Material[];
  /** What was given on the command line. */
  readonly context: string;
  /** The Dockerfile's, in the context. */
  readonly dockerfile: string;
  readonly isRemote: boolean;
  readonly target?: string;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly agents: readonly string[];
  /** Shared by all platforms of one build. */
  readonly invocation: string;
  /** ISO 8601. */
  readonly startedOn: string;
  readonly finishedOn: string;
}

/** How the parameters are to be read: docs/attestations.md. */
const BUILD_TYPE = 'urn:slipway:dockerfile:v1';
const DEFAULT_BUILDER = 'urn:slipway:local';

export function provenance(session: BuildSession, facts: ProvenanceFacts): object {
  const { request, materials, tool, invocation, startedOn, finishedOn } = facts;
  const isFull = request.mode === 'max';
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: {
        configSource: configSource(facts),
        request: {
          frontend: 'dockerfile.v0',
          args: argumentsOf(facts),
          ...(isFull ? { secrets: ids(facts.secrets), ssh: ids(facts.agents) } : {}),
          locals: facts.isRemote ? [] : [{ name: 'context' }, { name: 'dockerfile' }],
        },
      },
      internalParameters: {
        builderPlatform: formatPlatform(session.buildPlatform),
        ...(isFull ? { buildConfig: { steps: stepsOf(facts.state) } } : {}),
      },
      resolvedDependencies: materials,
    },
    runDetails: {
      builder: { id: request.builderId ?? DEFAULT_BUILDER, version: { slipway: tool } },
      metadata: {
        invocationID: invocation,
        startedOn,
        finishedOn,
        buildkit_hermetic: isHermetic(session, facts.plan),
        buildkit_completeness: { request: isFull, resolvedDependencies: facts.isRemote },
        buildkit_reproducible: request.isReproducible,
        buildkit_metadata: isFull ? { source: { infos: [sourceOf(facts)] } } : {},
      },
    },
  };
}

function ids(names: readonly string[]): readonly { readonly id: string }[] {
  return names.map((id) => ({ id }));
}

/** Of a context from elsewhere also what it was. */
function configSource({ isRemote, context, dockerfile, materials }: ProvenanceFacts): object {
  if (!isRemote) return { path: dockerfile };
  const [source] = materials.filter(
    ({ uri }) => context.startsWith(uri) || uri.startsWith(context),
  );
  return source ? { ...source, path: dockerfile } : { uri: context, path: dockerfile };
}

function argumentsOf(facts: ProvenanceFacts): Readonly<Record<string, string>> {
  const { request, buildArgs, labels, target, plan } = facts;
  const always = {
    ...(target === undefined ? {} : { target }),
    platform: formatPlatform(plan.platform),
  };
  if (request.mode === 'min') return always;
  return {
    ...Object.fromEntries([...buildArgs].map(([name, value]) => [`build-arg:${name}`, value])),
    ...Object.fromEntries(Object.entries(labels).map(([name, value]) => [`label:${name}`, value])),
    ...always,
  };
}

/** As the history has them, with the layers that they made. */
function stepsOf({ layers, history }: StageState): readonly object[] {
  let next = 0;
  return history.map(({ created_by: step = '', empty_layer: isEmpty = false }) => {
    if (isEmpty) return { step };
    const layer = layers[next];
    next += 1;
    return layer ? { step, diffID: layer.diffId } : { step };
  });
}

/** No command of the stages that were needed had a network. */
function isHermetic({ network }: BuildSession, { stages, needed }: BuildPlan): boolean {
  return stages
    .filter(({ index }) => needed.has(index))
    .flatMap(({ instructions }) => instructions)
    .every((one) => {
      if (one.kind !== 'run') return true;
      const own = one.network?.text ?? 'default';
      return (own === 'default' ? network?.mode : own) === 'none';
    });
}

function sourceOf({ plan, dockerfile }: ProvenanceFacts): object {
  const data = Buffer.from(plan.dockerfile.file.text).toString('base64');
  return { filename: dockerfile, language: 'Dockerfile', data };
}

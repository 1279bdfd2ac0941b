/** Makes the statements of one build: what all its platforms and outputs share is gathered here. */
import { basename } from 'node:path';
import type { AttestRequest } from '#core/attestation.ts';
import type { Reference } from '#core/reference.ts';
import type { RawManifest } from '#core/repository.ts';
import type { BuiltTarget } from '../build-stages.ts';
import { isRemoteContext } from '../git-url.ts';
import type { BuildPlan } from '../plan.ts';
import type { BuildSession } from '../session.ts';
import { attest } from './attest.ts';
import { type ProvenanceFacts, provenance } from './provenance.ts';

type GivenFacts = Pick<ProvenanceFacts, 'context' | 'target' | 'buildArgs' | 'labels'>;

export interface AttesterOptions {
  readonly request: AttestRequest;
  readonly plans: readonly BuildPlan[];
  readonly given: GivenFacts;
  /** How the Dockerfile is called. */
  readonly dockerfile: string;
  readonly startedOn: string;
}

/** The manifests about an image, whose own are given in the order of the targets. */
export type Attester = (
  targets: readonly BuiltTarget[],
  manifests: readonly RawManifest[],
  names: readonly Reference[],
) => Promise<readonly RawManifest[]>;

export function attester(session: BuildSession, options: AttesterOptions): Attester {
  const invocation = crypto.randomUUID();
  return async (targets, manifests, names) => {
    const made: RawManifest[] = [];
    for (const [i, target] of targets.entries()) {
      const [plan, manifest] = [options.plans[i], manifests[i]];
      if (!plan || !manifest) throw new Error('invariant broken: a target without a manifest');
      const predicate = predicateOf(session, options, { target, plan, invocation });
      const attested = { target, manifest, names, ...predicate };
      made.push(await attest(session, options.request, attested));
    }
    return made;
  };
}

function predicateOf(
  session: BuildSession,
  { request, given, dockerfile, startedOn }: AttesterOptions,
  {
    target,
    plan,
    invocation,
  }: { readonly target: BuiltTarget; readonly plan: BuildPlan; readonly invocation: string },
): { readonly provenance?: object } {
  if (!request.provenance) return {};
  const facts: ProvenanceFacts = {
    ...given,
    request: request.provenance,
    tool: request.tool,
    plan,
    state: target.state,
    materials: session.materials?.list() ?? [],
    dockerfile: basename(dockerfile),
    isRemote: isRemoteContext(given.context),
    secrets: [...session.secrets.all().keys()],
    agents: Object.keys(session.agents),
    invocation,
    startedOn,
    finishedOn: session.now().toISOString(),
  };
  return { provenance: provenance(session, facts) };
}

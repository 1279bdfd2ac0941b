/**
 * The most common first failures, explained: plain HTTP where TLS was spoken, and certificates that
 * nobody vouches for. docker's words stay the first line; what a second look at the server showed
 * and the line to write, for the file that the user has, become the hint.
 */
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { Call, Exchange, Interceptor } from './exchange.ts';
import type { HostPlan } from './registries/plan.ts';

export interface AdviceFacts {
  /** Configuration files that are there. */
  readonly files: readonly string[];
  readonly transport: Exchange;
}

const PROBE_MS_MAX = 5000;

export function advisingOnFailure(host: HostPlan, facts: AdviceFacts): Interceptor {
  return (next) => async (call) => {
    try {
      return await next(call);
    } catch (error) {
      if (!isSlipwayError(error, 'REGISTRY_UNREACHABLE')) throw error;
      const hint = await adviceOn(error, { host, facts, call });
      if (hint === undefined) throw error;
      const { message, cause, detail } = error;
      throw new SlipwayError('REGISTRY_UNREACHABLE', message, { hint, cause, detail });
    }
  };
}

interface FailedAt {
  readonly host: HostPlan;
  readonly facts: AdviceFacts;
  readonly call: Call;
}

/** Undefined where the error's own hint is the best there is. */
async function adviceOn(error: SlipwayError, at: FailedAt): Promise<string | undefined> {
  switch (error.detail.failure) {
    case 'plain-server':
      return await plainAdvice(at);
    case 'unknown-authority':
      return await authorityAdvice(at);
    default:
      return undefined;
  }
}

async function plainAdvice({ host, facts, call }: FailedAt): Promise<string | undefined> {
  const { registry } = host;
  const base = host.endpoints[0]?.base;
  // A token service or a mirror's storage is not what a line about the registry would help.
  if (!base || call.url.host !== base.host) return undefined;
  const found = await probe(new URL(`http://${base.host}/v2/`), facts.transport, call.signal);
  return [
    `${base.host} speaks plain HTTP (${found})`,
    `allow that once with --plain-http=always, or for good: ${plainLine(registry, facts.files)}`,
  ].join('; ');
}

/** What plain HTTP has to say at the door. */
async function probe(
  url: URL,
  transport: Exchange,
  signal: AbortSignal | undefined,
): Promise<string> {
  const limit = AbortSignal.timeout(PROBE_MS_MAX);
  try {
    const answer = await transport({
      method: 'GET',
      url,
      scopes: [],
      isRepeatable: true,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    await answer.discard();
    const isRegistry =
      answer.headers['docker-distribution-api-version'] !== undefined ||
      [200, 401].includes(answer.status);
    return `GET ${url.href} answers ${answer.status}${isRegistry ? ', as a registry does' : ''}`;
  } catch {
    return `but GET ${url.href} is not answered`;
  }
}

/** For the first of the user's files, in the order docker's users have them. */
function plainLine(registry: string, files: readonly string[]): string {
  const daemon = files.find((path) => path.endsWith('daemon.json'));
  if (daemon) return `in ${daemon}, "insecure-registries": ["${registry}"]`;
  const own = files.find((path) => path.endsWith('.yaml'));
  if (own) return `in ${own}, below registries, - {prefix: "${registry}", plain-http: always}`;
  const containers = files.find((path) => path.endsWith('registries.conf'));
  if (containers) {
    return `at the end of ${containers}, [[registry]] and on lines of their own location = "${registry}" and insecure = true`;
  }
  return `write {"insecure-registries": ["${registry}"]} to /etc/docker/daemon.json`;
}

async function authorityAdvice({ host, call }: FailedAt): Promise<string | undefined> {
  const { hostname, port } = call.url;
  const target = { hostname, port: Number(port || 443), signal: call.signal };
  const { peerCertificate } = await import('./peer-certificate.ts');
  const found = host.proxy.value ? undefined : await peerCertificate(target);
  const who = found
    ? `the certificate of ${call.url.host} is signed by ${found.issuer}${found.isSelfSigned ? ' (itself)' : ''}, sha256 ${found.fingerprint}`
    : `nobody whom this machine trusts has signed the certificate of ${call.url.host}`;
  const subject = found?.isSelfSigned ? 'the certificate' : "that authority's certificate";
  return `${who}; if that is right, put ${subject} into /etc/docker/certs.d/${call.url.host}/ca.crt, or verify nothing, once, with --tls-verify=false`;
}

/**
 * The ports of EXPOSE as pure text: `80`, `80/udp`, `8000-8010`, and docker's publish notation
 * `[ip:][host:]container[/protocol]`, of which only the container side counts in an image.
 */
import { SlipwayError } from '#core/errors.ts';

const PROTOCOLS: readonly string[] = ['tcp', 'udp', 'sctp'];
const MAX_PORT = 65_535;

/**
 * The normalised ports of one expanded EXPOSE word, as the image config has them: `["80/tcp"]`;
 * a range gives each of its ports. @throws DOCKERFILE_INVALID with BuildKit's text
 */
export function parseExpose(spec: string): readonly string[] {
  const parts = spec.split(':');
  const container = parts.at(-1) ?? '';
  const host = parts.length > 1 ? (parts.at(-2) ?? '') : '';
  const address = parts.slice(0, -2).join(':');

  const [ports = '', written = ''] = container.split('/', 2);
  if (ports === '') throw invalidPort(spec, 'no port specified');
  const protocol = written === '' ? 'tcp' : written.toLowerCase();
  if (!PROTOCOLS.includes(protocol)) throw invalidPort(spec, `invalid proto: ${written}`);
  if (address !== '' && !isAddress(address)) {
    throw invalidPort(spec, `invalid IP address: ${address}`);
  }

  const range = parseRange(ports);
  if (range === undefined) throw invalidPort(spec, `invalid containerPort: ${ports}`);
  if (host !== '') checkHost(spec, { host, ports, count: range.last - range.first });
  return Array.from(
    { length: range.last - range.first + 1 },
    (_, index) => `${range.first + index}/${protocol}`,
  );
}

/** A host side must fit, although an image does not keep it. */
function checkHost(spec: string, side: { host: string; ports: string; count: number }): void {
  const range = parseRange(side.host);
  if (range === undefined) throw invalidPort(spec, `invalid hostPort: ${side.host}`);
  if (side.count > 0 && range.last - range.first !== side.count) {
    throw invalidPort(
      spec,
      `invalid ranges specified for container and host Ports: ${side.ports} and ${side.host}`,
    );
  }
}

function parseRange(text: string): { readonly first: number; readonly last: number } | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  return first <= last && last <= MAX_PORT ? { first, last } : undefined;
}

/** IPv4 in four decimal numbers, or IPv6 with or without brackets. */
function isAddress(text: string): boolean {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (bare.includes(':')) return URL.canParse(`http://[${bare}]/`);
  const numbers = bare.split('.');
  return (
    numbers.length === 4 && numbers.every((n) => /^(?:0|[1-9]\d{0,2})$/.test(n) && Number(n) < 256)
  );
}

function invalidPort(spec: string, reason: string): SlipwayError {
  return new SlipwayError(
    'DOCKERFILE_INVALID',
    `invalid port: ${JSON.stringify(spec)}: ${reason}`,
    { hint: 'Write a port, a range or either with a protocol: 80, 8000-8010, 53/udp.' },
  );
}

/** Who a server of TLS says that it is, without believing it: for error messages only. */
import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect } from 'node:tls';

export interface PeerCertificate {
  /** `CN=Example CA`, as people read it. */
  readonly issuer: string;
  readonly isSelfSigned: boolean;
  /** SHA-256, in pairs of hexadecimal digits. */
  readonly fingerprint: string;
}

const HANDSHAKE_MS_MAX = 5000;

/** Undefined when nothing is learnt in time. */
export async function peerCertificate(target: {
  readonly hostname: string;
  readonly port: number;
  readonly signal: AbortSignal | undefined;
}): Promise<PeerCertificate | undefined> {
  const limit = AbortSignal.timeout(HANDSHAKE_MS_MAX);
  const signal = target.signal ? AbortSignal.any([target.signal, limit]) : limit;
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const socket = connect({
    host,
    port: target.port,
    rejectUnauthorized: false,
    ...(isIP(host) ? {} : { servername: host }),
  });
  // Late errors have nobody to tell.
  socket.on('error', () => {});
  try {
    await once(socket, 'secureConnect', { signal });
    const { issuer, fingerprint256, subject } = socket.getPeerCertificate();
    const name = nameOf(issuer);
    return {
      issuer: printable(name),
      isSelfSigned: name === nameOf(subject),
      fingerprint: fingerprint256,
    };
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

function nameOf(name: Readonly<Record<string, string | string[] | undefined>>): string {
  const parts = ['CN', 'OU', 'O'].flatMap((key) => (name[key] ? [`${key}=${name[key]}`] : []));
  return parts.join(', ') || 'somebody without a name';
}

/** A server chooses these words. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 200);
}

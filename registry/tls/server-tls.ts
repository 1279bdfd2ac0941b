/** The server's side of TLS: what createServer needs, and the files read again when they change. */
import { statSync } from 'node:fs';
import type { Server, ServerOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { SlipwayError } from '#core/errors.ts';
import type { TlsConfig } from '#core/registry-config.ts';
import { readNamedFile } from '../read-file.ts';

export interface ServerTls {
  readonly options: ServerOptions;
  /** Takes changed files up while the server runs; connections that stand keep theirs. */
  watch(server: Server, log?: (line: string) => void): Disposable;
}

interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly clientCa?: string;
}

/** How often the files are looked at. */
const LOOK_MS = 5000;

/** @throws FILE_MISSING, CONFIG_INVALID for files that are no certificate and its key */
export function serverTls(
  files: TlsFiles,
  { clients, clientCa }: Pick<TlsConfig, 'clients' | 'clientCa'>,
): ServerTls {
  const read = () => contextOptions(files);
  return {
    options: {
      ...read(),
      minVersion: 'TLSv1.2',
      requestCert: clientCa !== undefined,
      // Without a good certificate a client may still sign in, unless one is required.
      rejectUnauthorized: clientCa !== undefined && clients === 'require',
    },
    watch(server, log) {
      let stamp = stampOf(files);
      const timer = setInterval(() => {
        try {
          const now = stampOf(files);
          if (now === stamp) return;
          stamp = now;
          server.setSecureContext({ ...read(), minVersion: 'TLSv1.2' });
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          log?.(`error: the certificate changed and was not taken: ${why}`);
        }
      }, LOOK_MS);
      timer.unref();
      return { [Symbol.dispose]: () => clearInterval(timer) };
    },
  };
}

function contextOptions({ certificate, key, clientCa }: TlsFiles) {
  const options = {
    cert: readNamedFile(certificate),
    key: readNamedFile(key),
    ...(clientCa === undefined ? {} : { ca: readNamedFile(clientCa) }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new SlipwayError('CONFIG_INVALID', `${certificate} and ${key} cannot be used for TLS`, {
      hint: 'both must be PEM, and the key must be that of the certificate',
      cause,
    });
  }
  return options;
}

function stampOf({ certificate, key, clientCa }: TlsFiles): string {
  const paths = [certificate, key, ...(clientCa === undefined ? [] : [clientCa])];
  return paths.map((path) => `${statSync(path).ino}:${statSync(path).mtimeMs}`).join(' ');
}

/** An authority and certificates by it, made by the openssl program for one test. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { TempFolder } from './temp-folder.ts';

export interface Certificate {
  /** Paths of PEM files. */
  readonly certificate: string;
  readonly key: string;
  readonly pem: { readonly cert: string; readonly key: string };
}

/** Why there can be none, or false: for `skip`. */
export function openSslMissing(): string | false {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'openssl is not installed, which makes the certificates';
  }
}

/** One that signs others, and itself. */
export function makeAuthority(folder: TempFolder, name = 'ca'): Certificate {
  const [certificate, key] = [folder.at(`${name}.crt`), folder.at(`${name}.key`)];
  openssl([
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    key,
    '-out',
    certificate,
    '-days',
    '2',
    '-subj',
    `/CN=Test ${name}`,
    '-addext',
    'basicConstraints=critical,CA:TRUE',
  ]);
  return loaded(certificate, key);
}

/** `names`: as in a certificate, `DNS:localhost`, `IP:127.0.0.1`; none for a client. */
export function makeCertificate(
  folder: TempFolder,
  authority: Certificate,
  { name, names = [] }: { readonly name: string; readonly names?: readonly string[] },
): Certificate {
  const [certificate, key] = [folder.at(`${name}.crt`), folder.at(`${name}.key`)];
  const [request, extensions] = [folder.at(`${name}.csr`), folder.at(`${name}.ext`)];
  writeFileSync(extensions, names.length === 0 ? '' : `subjectAltName=${names.join(',')}\n`);
  openssl([
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    key,
    '-out',
    request,
    '-subj',
    `/CN=${name}`,
  ]);
  openssl([
    'x509',
    '-req',
    '-in',
    request,
    '-CA',
    authority.certificate,
    '-CAkey',
    authority.key,
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    extensions,
    '-out',
    certificate,
  ]);
  return loaded(certificate, key);
}

function loaded(certificate: string, key: string): Certificate {
  const pem = { cert: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  return { certificate, key, pem };
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', [...args], { stdio: 'pipe' });
}

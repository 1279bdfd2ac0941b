/**
 * An authority of our own and a certificate from it, for a network without one: made at the first
 * start, kept beside the store, the certificate renewed before it ends or when names are missing.
 * Clients trust the authority once (RFC 5280; ECDSA P-256).
 */
// Before x509, whose parts find each other by it.
import 'reflect-metadata';
import { createHash, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { errnoOf } from '#core/errors.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
const AUTHORITY_DAYS = 3650;
/** What clients of Apple take at most is 825; there is no need for more than a year. */
const CERTIFICATE_DAYS = 397;
const RENEW_DAYS = 30;

export interface SelfSigned {
  /** Paths, PEM. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  /** sha256 of the authority's certificate, for people who compare. */
  readonly fingerprint: string;
}

/** @throws what writing to the folder throws */
export async function selfSigned(folder: string, names: readonly string[]): Promise<SelfSigned> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const authority = await authorityIn(folder);
  const certificate = join(folder, 'server.crt');
  if (!isGood(certificate, names)) await issue(folder, authority, names);
  const { raw } = new X509Certificate(readFileSync(join(folder, 'ca.crt')));
  return {
    authority: join(folder, 'ca.crt'),
    certificate,
    key: join(folder, 'server.key'),
    fingerprint: createHash('sha256').update(raw).digest('hex'),
  };
}

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

async function authorityIn(folder: string): Promise<Authority> {
  const [certificatePath, keyPath] = [join(folder, 'ca.crt'), join(folder, 'ca.key')];
  try {
    return {
      certificate: new x509.X509Certificate(readFileSync(certificatePath, 'utf8')),
      key: await privateKey(readFileSync(keyPath, 'utf8')),
    };
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=Slipway registry ${randomBytes(3).toString('hex')}`,
    serialNumber: randomBytes(16).toString('hex'),
    ...validFor(AUTHORITY_DAYS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  writeWhole(keyPath, await pemOfKey(keys.privateKey), 0o600);
  writeWhole(certificatePath, certificate.toString('pem'), 0o644);
  return { certificate, key: keys.privateKey };
}

async function issue(
  folder: string,
  { certificate: authority, key }: Authority,
  names: readonly string[],
): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=Slipway registry',
    issuer: authority.subject,
    serialNumber: randomBytes(16).toString('hex'),
    ...validFor(CERTIFICATE_DAYS),
    publicKey: keys.publicKey,
    signingKey: key,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
    ],
  });
  writeWhole(join(folder, 'server.key'), await pemOfKey(keys.privateKey), 0o600);
  writeWhole(join(folder, 'server.crt'), certificate.toString('pem'), 0o644);
}

/** It lasts a while yet, and has all the names. */
function isGood(path: string, names: readonly string[]): boolean {
  try {
    const certificate = new X509Certificate(readFileSync(path));
    const lastsUntilMs = Date.parse(certificate.validTo);
    return (
      lastsUntilMs - Date.now() > RENEW_DAYS * DAY_MS &&
      names.every((name) =>
        isIP(name)
          ? certificate.checkIP(name) !== undefined
          : certificate.checkHost(name) !== undefined,
      )
    );
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** From an hour ago: the clocks of clients are not ours. */
function validFor(days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const nowMs = Date.now();
  return {
    notBefore: new Date(nowMs - 60 * 60 * 1000),
    notAfter: new Date(nowMs + days * DAY_MS),
  };
}

async function privateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  return await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}

async function pemOfKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

/** A reader sees the whole file or none. */
function writeWhole(path: string, text: string, mode: number): void {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(fresh, text, { flag: 'wx', mode });
  renameSync(fresh, path);
}

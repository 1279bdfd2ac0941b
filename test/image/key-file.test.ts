/** Key files as openssl, cosign and we write them, and those that are none. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import { readPrivateKey, readPublicKey } from '#image/key-file.ts';
import { encryptKey } from '#image/sigstore-key.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

/** Made by cosign 2.6.1 with the password `pw`. */
const COSIGN_KEY = `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6
OCwicCI6MX0sInNhbHQiOiJreHQrL2FlOFBuRE03eGxzV0xtaGU4bjkzbTlLWCsz
S3p6enZlVTNnOU9jPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94
Iiwibm9uY2UiOiJwL01HdjdGb0U4ZGpNQnhleFhqeCtIYWxZa1dSSUhGSiJ9LCJj
aXBoZXJ0ZXh0IjoiS2F6dnpIc2FlblBnUkcwbHp6VTNLd1ZiYXR3OTd6NEJHYUEy
V1VzRmhQU01Sck00bHlnRTA0QTd2SkJwVGNDQXQ1Zm1FQVZLS0cwQ0t0OFZaU0hQ
aTA1UkdYQUhFYW1BanlROFl6V1RCaHN2b2V4Z2VWWUsxMmJKaVlLekZTQzVJT2xo
bHQzTEpzVW5sbWZDVjBaTHhQVE05YkszV1pSWTJNRWYvOWVqejF1M2RBSDNJVlAr
ZE9JRHJZbnU5OGFmUk1XUXlXMDVIaUFwWGc9PSJ9
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----
`;
const COSIGN_PUBLIC = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8RKa0nBGuhcfQmC/U5wHm3U0S/VQ
LNDTS/kTHw8v8Nk4A4X6uR2rar8rclq7E3n0tS1MUlQV7ji4QQApi9C29A==
-----END PUBLIC KEY-----
`;

function publicPem(key: KeyObject): string | Buffer {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return half.export({ type: 'spki', format: 'pem' });
}

async function written(folder: TempFolder, text: string): Promise<string> {
  await writeFile(folder.at('x.key'), text);
  return folder.at('x.key');
}

function envelope(fields: object): string {
  const whole = {
    kdf: { name: 'scrypt', params: { N: 2, r: 1, p: 1 }, salt: 'AAAA' },
    cipher: { name: 'nacl/secretbox', nonce: Buffer.alloc(24).toString('base64') },
    ciphertext: 'AAAA',
    ...fields,
  };
  const body = Buffer.from(JSON.stringify(whole)).toString('base64');
  return `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n${body}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n`;
}

describe('private keys', () => {
  it("cosign's: its password opens it, another one does not", async () => {
    using folder = tempFolder();
    const path = await written(folder, COSIGN_KEY);
    assert.equal(publicPem(await readPrivateKey(path, async () => 'pw')), COSIGN_PUBLIC);
    await assert.rejects(
      readPrivateKey(path, async () => 'px'),
      { code: 'KEY_INVALID', message: /the password is wrong/ },
    );
  });

  it('what we encrypt we can read, whatever the password', async () => {
    using folder = tempFolder();
    const key = await readPrivateKey(await written(folder, COSIGN_KEY), async () => 'pw');
    const der = key.export({ type: 'pkcs8', format: 'der' });
    for (const password of ['', 'Größe 🔑']) {
      const path = await written(folder, await encryptKey(der, password));
      assert.equal(publicPem(await readPrivateKey(path, async () => password)), COSIGN_PUBLIC);
    }
  });

  it("openssl's: plain ones of all kinds, and PKCS #8 with a password", async () => {
    using folder = tempFolder();
    const path = folder.at('o.key');
    const openssl = (...argv: readonly string[]): void => {
      execFileSync('openssl', [...argv, '-out', path], { stdio: ['ignore', 'ignore', 'ignore'] });
    };
    const refuse = (): never => assert.fail('nobody is to be asked');
    openssl('genpkey', '-algorithm', 'ed25519');
    assert.equal((await readPrivateKey(path, refuse)).asymmetricKeyType, 'ed25519');
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256');
    assert.equal((await readPrivateKey(path, refuse)).asymmetricKeyType, 'ec');
    openssl('genpkey', '-algorithm', 'ed25519', '-aes-256-cbc', '-pass', 'pass:pw');
    assert.equal((await readPrivateKey(path, async () => 'pw')).asymmetricKeyType, 'ed25519');
    await assert.rejects(
      readPrivateKey(path, async () => 'px'),
      { code: 'KEY_INVALID' },
    );
  });

  it('an encrypted one, and nobody to ask: the message names the variable', async () => {
    using folder = tempFolder();
    const path = await written(folder, COSIGN_KEY);
    await assert.rejects(
      async () => await readPrivateKey(path),
      (error) => {
        return isSlipwayError(error, 'KEY_INVALID') && error.hint?.includes('COSIGN_PASSWORD');
      },
    );
  });

  for (const [name, text] of [
    ['nothing', ''],
    ['a public key', COSIGN_PUBLIC],
    ['an empty envelope', COSIGN_KEY.replace(/KEY-----\n[^-]*\n-----END/, 'KEY-----\n\n-----END')],
    ['an envelope of no JSON', COSIGN_KEY.replace('eyJrZGY', 'AAAAAAA')],
    ['another cipher', envelope({ cipher: { name: 'rot13', nonce: '' } })],
    ['a short nonce', envelope({ cipher: { name: 'nacl/secretbox', nonce: 'AAAA' } })],
    ['scrypt that takes all memory', withParams({ N: 2 ** 40, r: 8, p: 1 })],
    ['scrypt that takes all day', withParams({ N: 1024, r: 8, p: 100_000 })],
    ['scrypt with no power of two', withParams({ N: 1000, r: 8, p: 1 })],
    ['a ciphertext shorter than its tag', envelope({})],
  ] as const) {
    it(`${name}: KEY_INVALID`, async () => {
      using folder = tempFolder();
      const path = await written(folder, text);
      await assert.rejects(
        readPrivateKey(path, async () => 'pw'),
        { code: 'KEY_INVALID' },
      );
    });
  }

  it('a large file is not read, a folder and a missing file are named', async () => {
    using folder = tempFolder();
    const path = await written(folder, `${COSIGN_PUBLIC}${' '.repeat(70_000)}`);
    await assert.rejects(readPublicKey(path), { code: 'KEY_INVALID' });
    await assert.rejects(readPublicKey(folder.path), { message: /is a folder, not a key/ });
    await assert.rejects(readPublicKey(folder.at('none')), { code: 'FILE_MISSING' });
  });
});

function withParams(params: object): string {
  return envelope({ kdf: { name: 'scrypt', params, salt: 'AAAA' } });
}

describe('public keys', () => {
  it('a PEM, or the half of a plain private one', async () => {
    using folder = tempFolder();
    const path = await written(folder, COSIGN_PUBLIC);
    assert.equal(publicPem(await readPublicKey(path)), await readFile(path, 'utf8'));
    const key = await readPrivateKey(await written(folder, COSIGN_KEY), async () => 'pw');
    const plain = await written(folder, key.export({ type: 'pkcs8', format: 'pem' }).toString());
    assert.equal(publicPem(await readPublicKey(plain)), COSIGN_PUBLIC);
  });

  it('an encrypted private key is not asked about', async () => {
    using folder = tempFolder();
    await assert.rejects(readPublicKey(await written(folder, COSIGN_KEY)), {
      message: /holds an encrypted private key/,
    });
  });
});

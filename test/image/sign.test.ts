/** Signing and verifying over a repository in memory: what is written, and what does not count. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import type { Descriptor } from '#core/descriptor.ts';
import { digestOf } from '#core/digest.ts';
import { decodeManifest, descriptorOf, encodeImageManifest } from '#core/manifest.ts';
import { OCI_CONFIG } from '#core/media-type.ts';
import { SIGNATURE_ANNOTATION, SIMPLE_SIGNING_TYPE } from '#core/simple-signing.ts';
import { putBytes } from '#image/put-bytes.ts';
import { type SignOptions, signImage } from '#image/sign.ts';
import { signatureTag } from '#image/signatures.ts';
import {
  type ImageSigningKey,
  readImageSigningKey,
  readImageVerifyKey,
} from '#image/signing-key.ts';
import { type VerifyOptions, verifyImage } from '#image/verify.ts';
import { MemoryRepository } from '#store/memory-repository.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const KINDS: Readonly<Record<string, () => KeyObject>> = {
  'ECDSA on P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  ed25519: () => generateKeyPairSync('ed25519').privateKey,
  'RSA with 2048 bits': () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
};
const REFUSED: Readonly<Record<string, () => KeyObject>> = {
  'ECDSA on P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  'RSA with 1024 bits': () => generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey,
  x25519: () => generateKeyPairSync('x25519').privateKey,
};

async function keyOf(make: () => KeyObject): Promise<ImageSigningKey> {
  using folder = tempFolder();
  await writeFile(folder.at('k'), make().export({ type: 'pkcs8', format: 'pem' }));
  return await readImageSigningKey(folder.at('k'), () => assert.fail('it has no password'));
}

async function signed(
  options: Partial<SignOptions> = {},
): Promise<{ image: Descriptor; sign: SignOptions; verify: VerifyOptions }> {
  const repository = new MemoryRepository();
  const sample = await sampleImage();
  await putImage(repository, sample, '1');
  const image = descriptorOf(sample.manifest);
  const key = await keyOf(() => generateKeyPairSync('ed25519').privateKey);
  const sign = {
    ...{ repository, key, name: 'localhost:5000/app', annotations: {}, asReferrer: false },
    ...options,
  };
  assert.equal(await signImage(image, sign), true);
  return { image, sign, verify: { repository, key: sign.key, annotations: {} } };
}

for (const [name, make] of Object.entries(KINDS)) {
  it(`${name}: what it signs it verifies, by either custom`, async () => {
    for (const asReferrer of [false, true]) {
      const { image, verify } = await signed({ key: await keyOf(make), asReferrer });
      const [claims, ...others] = await verifyImage(image.digest, verify);
      assert.equal(others.length, 0);
      assert.deepEqual(claims?.document, {
        critical: {
          identity: { 'docker-reference': 'localhost:5000/app' },
          image: { 'docker-manifest-digest': image.digest },
          type: 'cosign container image signature',
        },
        optional: null,
      });
    }
  });
}

for (const [name, make] of Object.entries(REFUSED)) {
  it(`${name}: no key for images`, async () => {
    await assert.rejects(keyOf(make), { code: 'KEY_INVALID' });
  });
}

it('the public half verifies', async () => {
  using folder = tempFolder();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { image, verify } = await signed({ key: await keyOf(() => privateKey) });
  await writeFile(folder.at('k.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  const key = await readImageVerifyKey(folder.at('k.pub'));
  assert.equal((await verifyImage(image.digest, { ...verify, key })).length, 1);
});

describe('signing again', () => {
  for (const asReferrer of [false, true]) {
    const custom = asReferrer ? 'as a referrer' : 'under the tag';
    it(`${custom}: the same by the same key is there, other annotations and keys are added`, async () => {
      const { image, sign, verify } = await signed({ asReferrer });
      assert.equal(await signImage(image, sign), false);
      assert.equal((await verifyImage(image.digest, verify)).length, 1);
      assert.equal(await signImage(image, { ...sign, annotations: { by: 'me' } }), true);
      assert.equal((await verifyImage(image.digest, verify)).length, 2);
      const key = await keyOf(() => generateKeyPairSync('ed25519').privateKey);
      assert.equal(await signImage(image, { ...sign, key }), true);
      assert.equal((await verifyImage(image.digest, verify)).length, 2);
      assert.equal((await verifyImage(image.digest, { ...verify, key })).length, 1);
    });
  }

  it('what others noted of their signatures stays', async () => {
    const { image, sign } = await signed();
    const { repository } = sign;
    const bytes = Buffer.from('{}');
    const other = {
      ...(await putBytes(repository.blobs, { mediaType: SIMPLE_SIGNING_TYPE, bytes }, {})),
      annotations: { [SIGNATURE_ANNOTATION]: 'AA==', 'dev.sigstore.cosign/bundle': '{"a":1}' },
    };
    const config = { mediaType: OCI_CONFIG, digest: other.digest, size: 2 };
    const raw = encodeImageManifest({ config, layers: [other], annotations: { kept: 'yes' } });
    await repository.putManifest(raw, { tag: signatureTag(image.digest) });
    await signImage(image, sign);
    const after = decodeManifest(await repository.getManifest(signatureTag(image.digest)));
    assert.deepEqual(after.annotations, { kept: 'yes' });
    assert.deepEqual(after.kind === 'image' && after.layers[0], other);
    assert.equal(after.kind === 'image' && after.layers.length, 2);
  });

  it('somebody who was faster loses nothing', async () => {
    const { image, sign, verify } = await signed();
    const repository = new MemoryRepository({ blobs: sign.repository.blobs });
    await repository.putManifest(await sign.repository.getManifest('1'), { tag: '1' });
    const key = await keyOf(() => generateKeyPairSync('ed25519').privateKey);
    const put = repository.putManifest.bind(repository);
    let isFirst = true;
    // Between our reading the tag and our writing it another one writes it, and once more after us.
    repository.putManifest = async (raw, options) => {
      const theirs = await sign.repository.getManifest(signatureTag(image.digest));
      const descriptor = await put(raw, options);
      if (options?.tag !== undefined && isFirst) await put(theirs, options);
      isFirst &&= options?.tag === undefined;
      return descriptor;
    };
    await signImage(image, { ...sign, repository, key });
    for (const each of [key, sign.key]) {
      assert.equal(
        (await verifyImage(image.digest, { ...verify, repository, key: each })).length,
        1,
      );
    }
  });
});

describe('what does not count', () => {
  it('no signature at all', async () => {
    const { verify } = await signed();
    await assert.rejects(verifyImage(digestOf('other'), verify), { code: 'SIGNATURE_MISSING' });
  });

  it('a signature by another key', async () => {
    const { image, verify } = await signed();
    const key = await keyOf(() => generateKeyPairSync('ed25519').privateKey);
    await assert.rejects(verifyImage(image.digest, { ...verify, key }), {
      code: 'SIGNATURE_WRONG',
      message: 'no matching signatures: invalid signature when validating',
    });
  });

  it('a signature of another image, moved here', async () => {
    const { image, sign, verify } = await signed();
    const raw = await sign.repository.getManifest(signatureTag(image.digest));
    const other = digestOf('other');
    await sign.repository.putManifest(raw, { tag: signatureTag(other) });
    await assert.rejects(verifyImage(other, verify), {
      code: 'SIGNATURE_WRONG',
      message: `no matching signatures: it is about another image, ${image.digest}`,
    });
  });

  it('a document changed after it was signed, and one of another kind that was signed', async () => {
    const { image, sign, verify } = await signed();
    const { repository, key } = sign;
    const own = `{"critical":{"type":"something else"}}`;
    for (const [text, signature, reason] of [
      [own.replace('else', 'new'), key.sign(Buffer.from(own)), 'invalid signature when validating'],
      [own, key.sign(Buffer.from(own)), 'what was signed is about no image'],
      [own, Buffer.from(''), 'invalid signature when validating'],
    ] as const) {
      const payload = { mediaType: SIMPLE_SIGNING_TYPE, bytes: Buffer.from(text) };
      const layer = {
        ...(await putBytes(repository.blobs, payload, {})),
        annotations: { [SIGNATURE_ANNOTATION]: signature.toString('base64') },
      };
      const raw = encodeImageManifest({
        config: { ...layer, mediaType: OCI_CONFIG },
        layers: [layer],
      });
      await repository.putManifest(raw, { tag: signatureTag(image.digest) });
      await assert.rejects(verifyImage(image.digest, verify), {
        message: `no matching signatures: ${reason}`,
      });
    }
  });

  it('annotations and the name, where they are asked for', async () => {
    const { image, verify } = await signed({ annotations: { by: 'me' } });
    const ask = (more: Partial<VerifyOptions>) => verifyImage(image.digest, { ...verify, ...more });
    assert.equal((await ask({ annotations: { by: 'me' }, name: 'localhost:5000/app' })).length, 1);
    await assert.rejects(ask({ annotations: { by: 'you' } }), { message: /incorrect annotation/ });
    await assert.rejects(ask({ annotations: { as: 'me' } }), { message: /incorrect annotation/ });
    await assert.rejects(ask({ name: 'app' }), { message: /signed as localhost:5000\/app/ });
  });
});

/** Secrets and the cache: steps that were cached when a secret was none, and what of a mount is in a key. */
import assert from 'node:assert/strict';
import { copyFileSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BuildSecrets } from '#core/build-secret.ts';
import { isSlipwayError } from '#core/errors.ts';
import { BUSYBOX_BASE, busyboxUnfit } from '#test/helpers/busybox-context.ts';
import { type EngineFixture, withEngine } from '#test/helpers/engine.ts';

const skip = busyboxUnfit() ?? false;
const secrets = (value: string): BuildSecrets => ({ token: { kind: 'value', value } });

test('a cached layer that holds what is a secret now fails the build, with the line', () =>
  withEngine({}, async ({ context, build }) => {
    const folder = context({
      Dockerfile: 'FROM scratch\nCOPY note /note\nCOPY other /other\n',
      note: 'the token is hunter2-hunter2\n',
      other: 'harmless\n',
    });
    await build({ context: folder });
    await assert.rejects(
      build({ context: folder, secrets: secrets('hunter2-hunter2') }),
      (error) => {
        assert.ok(isSlipwayError(error, 'SECRET_LEAKED'));
        assert.match(error.message, /the secret token would be given away in the file \/note/);
        assert.ok(error.detail.range);
        return true;
      },
    );
    for (const _ of [1, 2]) {
      const { steps } = await build({ context: folder, secrets: secrets('something-else') });
      assert.deepEqual(steps, { run: 0, cached: 2 });
    }
    await assert.rejects(build({ context: folder, secrets: secrets('hunter2-hunter2') }), {
      code: 'SECRET_LEAKED',
    });
  }));

test('owner, mode and need of a secret make another step; its value does not', { skip }, () =>
  withEngine({}, async (fixture) => {
    const cached = async (flags: string, value: string) => {
      const { steps } = await fixture.build({
        context: busyboxContext(fixture, `RUN --mount=type=secret,id=token${flags} true\n`),
        secrets: secrets(value),
      });
      return steps.run === 0;
    };
    await cached('', 'one-of-many');
    assert.equal(await cached('', 'another-one'), true);
    for (const flags of [',mode=0444', ',uid=5', ',gid=5', ',required=true', ',env=TOKEN']) {
      assert.equal(await cached(flags, 'one-of-many'), false, flags);
      assert.equal(await cached(flags, 'one-of-many'), true, flags);
    }
  }),
);

test('while a step runs, no file of the store has the secret that is its variable', { skip }, () =>
  withEngine({}, async (fixture) => {
    const value = 'never-on-a-disk';
    const Dockerfile = `RUN --mount=type=secret,id=token,env=TOKEN echo "GO \${#TOKEN}" && sleep 1\n`;
    const found: string[] = [];
    let isSeen = false;
    await fixture.engine.build({
      context: busyboxContext(fixture, Dockerfile),
      tags: [],
      secrets: secrets(value),
      events: (event) => {
        if (event.kind !== 'vertex-log' || isSeen) return;
        isSeen = true;
        assert.equal(Buffer.from(event.bytes).toString(), `GO ${value.length}\n`);
        found.push(...filesWith(join(fixture.folder, 'store/snapshots'), value));
      },
    });
    assert.ok(isSeen);
    assert.deepEqual(found, []);
  }),
);

function busyboxContext(fixture: EngineFixture, text: string): string {
  const folder = fixture.context({ Dockerfile: BUSYBOX_BASE + text });
  copyFileSync('/bin/busybox', join(folder, 'busybox'));
  return folder;
}

/** Regular files below a folder; links are not followed. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => {
      const stats = lstatSync(path, { throwIfNoEntry: false });
      return stats?.isFile() === true && readFileSync(path).includes(text);
    });
}

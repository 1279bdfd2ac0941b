/** What a build checks before its first step: with its bases, for the stages it needs. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withStageHint } from '#build/base-images.ts';
import { isSlipwayError, SlipwayError } from '#core/errors.ts';
import type { Event } from '#core/events.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { type EngineFixture, withEngine } from '#test/helpers/engine.ts';

const NO_HELPER = { helper: '/nonexistent/helper' };

const findings = (events: readonly Event[]): readonly string[] =>
  events.flatMap((event) => (event.kind === 'diagnostic' ? event.diagnostic.message : []));

/** A base image by name, made by a build. */
async function makeBase({ build, context }: EngineFixture, config: string): Promise<void> {
  await build({
    context: context({ Dockerfile: `FROM scratch\nCOPY a /\n${config}`, a: 'a' }),
    tags: ['base:1'],
  });
}

async function failureOf(work: Promise<unknown>): Promise<SlipwayError> {
  const error = await work.then(
    () => assert.fail('it was built'),
    (thrown: unknown) => thrown,
  );
  assert.ok(isSlipwayError(error), String(error));
  return error;
}

test('the base’s variables are no undefined ones, those it lacks are', () =>
  withEngine(NO_HELPER, async (fixture) => {
    await makeBase(fixture, 'ENV APP_HOME=/srv\n');
    const Dockerfile = 'FROM base:1\nWORKDIR $APP_HOME\nLABEL a=$APP_HOM b=$LANG\n';
    const { events } = await fixture.build({ context: fixture.context({ Dockerfile }) });
    assert.deepEqual(findings(events), [
      "Usage of undefined variable '$APP_HOM' (did you mean $APP_HOME?)",
      "Usage of undefined variable '$LANG'",
    ]);
  }));

test('the base’s triggers are checked at FROM', () =>
  withEngine(NO_HELPER, async (fixture) => {
    await makeBase(fixture, 'ONBUILD WORKDIR rel\nONBUILD EXPOSE 80/TCP\n');
    const folder = fixture.context({ Dockerfile: 'FROM base:1\n' });
    const { events } = await fixture.build({ context: folder });
    assert.deepEqual(findings(events), [
      "Defined protocol '80/TCP' in EXPOSE instruction should be lowercase",
      'Relative workdir "rel" can have unexpected results if the base image changes',
    ]);
  }));

test('a stage nobody needs is read, and judged no further', () =>
  withEngine(NO_HELPER, async ({ build, context }) => {
    const unused =
      'FROM scratch AS unused\nMAINTAINER me\nENV A=${ B=$C\nRUN --mount=typ=x true\nCMD a\n';
    const folder = context({ Dockerfile: `${unused}FROM scratch\nCOPY a /\n`, a: 'a' });
    const { events } = await build({ context: folder });
    assert.deepEqual(findings(events), [
      'Maintainer instruction is deprecated in favor of using label',
    ]);
    const error = await failureOf(build({ context: folder, target: 'unused' }));
    assert.equal(error.message, 'failed to process "${": syntax error: missing \'}\'');
  }));

test('what it says wrongly of other stages ends every build', () =>
  withEngine(NO_HELPER, async ({ build, context }) => {
    const Dockerfile = 'FROM scratch AS unused\nCOPY --from=7 a /\nFROM scratch\nCOPY a /\n';
    const error = await failureOf(build({ context: context({ Dockerfile, a: 'a' }) }));
    assert.equal(error.message, 'invalid stage index 7');
  }));

test('a mistake further down ends the build before its first step', () =>
  withEngine(NO_HELPER, async ({ build, context, engine }) => {
    const Dockerfile =
      'FROM scratch\nCOPY a /\nWORKDIR /w\nRUN --mount=type=tmpfs,target=.. true\n';
    const events: Event[] = [];
    const folder = context({ Dockerfile, a: 'a' });
    const options = { context: folder, tags: [], events: (event: Event) => events.push(event) };
    const error = await failureOf(engine.build(options));
    assert.equal(error.message, 'invalid mount target "/"');
    assert.ok(!JSON.stringify(events).includes('COPY a /'), 'no step was begun');
    await build({ context: context({ Dockerfile: 'FROM scratch\nCOPY a /\n', a: 'a' }) });
  }));

test('findings are told although the base cannot be had', () =>
  withEngine(NO_HELPER, async ({ context, engine }) => {
    const Dockerfile = 'FROM scratch AS build\nCOPY a /\nFROM 127.0.0.1:9/build\nWORKDIR rel\n';
    const events: Event[] = [];
    const folder = context({ Dockerfile, a: 'a' });
    const options = { context: folder, tags: [], events: (event: Event) => events.push(event) };
    const error = await failureOf(engine.build(options));
    assert.equal(error.code, 'BASE_UNKNOWN');
    assert.equal(findings(events).length, 1);
  }));

test('the ignore file is loaded once, as a step of its own', () =>
  withEngine(NO_HELPER, async ({ build, context }) => {
    const Dockerfile = 'FROM scratch\nCOPY a /\nCOPY c /\n';
    const folder = context({ Dockerfile, a: 'a', c: 'c', '.dockerignore': 'b\n' });
    const { events } = await build({ context: folder });
    const names = events.flatMap((event) => (event.kind === 'vertex-started' ? event.name : []));
    assert.deepEqual(names.slice(0, 2), [
      '[internal] load build definition from Dockerfile',
      '[internal] load .dockerignore',
    ]);
    assert.equal(names.filter((name) => name.includes('.dockerignore')).length, 1);
  }));

test('an image nobody has may be a mistyped stage', () => {
  const { instructions } = parseDockerfile({ name: 'D', text: 'FROM a AS Build\nFROM b\n' });
  const earlier = instructions.flatMap((from) => (from.kind === 'from' ? [{ from }] : []));
  const unknown = new SlipwayError('BASE_UNKNOWN', 'no such thing', { hint: 'pull it' });
  const told = (name: string) => withStageHint(unknown, name, earlier);
  const guessed = told('biuld');
  assert.ok(isSlipwayError(guessed, 'BASE_UNKNOWN'));
  assert.equal(guessed.message, 'no such thing');
  assert.equal(guessed.hint, 'did you mean the stage build?');
  assert.equal(told('debian'), unknown);
  const other = new SlipwayError('CANCELLED', 'stopped');
  assert.equal(withStageHint(other, 'biuld', earlier), other);
});

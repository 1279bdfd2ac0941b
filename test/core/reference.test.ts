/** Image references: the shared table of the reference grammar, its edges, and print∘parse. */
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { parseDigest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import {
  familiarName,
  familiarReference,
  formatReference,
  isRepositoryName,
  isTag,
  parseReference,
  type Reference,
  repositoryKey,
  selectorOf,
  withDefaultTag,
} from '#core/reference.ts';
import { hasSuites, readCases } from '#test/helpers/suites.ts';

const HEX = '0123456789abcdef'.repeat(4);
const DIGEST = parseDigest(`sha256:${HEX}`);
const FORMAT = 'invalid reference format';

/** A row of the shared table; which fields it has follows from `op`. */
interface SuiteCase {
  readonly from: string;
  readonly op: string;
  readonly input?: string;
  readonly error?: string;
  readonly repository?: string;
  readonly domain?: string;
  readonly path?: string;
  readonly tag?: string;
  readonly digest?: string;
  readonly valid?: boolean;
  readonly RemoteName?: string;
  readonly FamiliarName?: string;
  readonly FullName?: string;
  readonly AmbiguousName?: string;
  readonly Domain?: string;
  readonly Reference?: string;
  readonly Equivalent?: string;
  readonly expected?: string | boolean;
}

/** Rows that ask something else than our functions answer; all others must agree. */
const NOT_ASKED: readonly (readonly [
  rows: number,
  why: string,
  is: (row: SuiteCase) => boolean,
])[] = [
  [1, 'their test runs without sha512; we have it', (row) => row.error === 'ErrDigestUnsupported'],
  [1, 'an image ID is no reference; #image/resolve.ts takes both', isImageId],
  [1, 'a tag beside a digest is kept; selectorOf lets the digest win', hasTagAndDigest],
  [4, 'core has no filter by pattern', (row) => row.op === 'familiarMatch'],
];

/** The beginning of our message for each of their errors. */
const MESSAGES: Readonly<Record<string, RegExp>> = {
  ErrReferenceInvalidFormat: /^invalid reference format$/,
  ErrDigestInvalidLength: /^invalid checksum digest length/,
  ErrNameContainsUppercase: /repository name .* must be lowercase$/,
  ErrNameTooLong: /^repository name must not be more than 255 characters$/,
};

test('references agree with the shared table', async (t) => {
  if (!hasSuites()) return t.skip('needs ../shared/suites');
  const cases = readCases<SuiteCase>('image-references.json');
  assert.equal(cases.length, 77);
  for (const [rows, why, is] of NOT_ASKED) assert.equal(cases.filter(is).length, rows, why);
  const asked = cases.filter((row) => !NOT_ASKED.some(([, , is]) => is(row)));
  for (const [i, row] of asked.entries()) {
    const name = row.input ?? row.Reference ?? row.FullName ?? row.from;
    await t.test(`${i} ${row.op} ${name.slice(0, 80)}`, () => checkRow(row));
  }
});

function isImageId(row: SuiteCase): boolean {
  return row.op === 'parseAny' && /^(sha256:)?[0-9a-f]{64}$/.test(row.Reference ?? '');
}

function hasTagAndDigest(row: SuiteCase): boolean {
  return row.op === 'parseDockerRef' && /:\w+@/.test(row.input ?? '');
}

function checkRow(row: SuiteCase): void {
  const { op, input, expected } = row;
  if (op === 'parse') checkParse(row);
  else if (op === 'normalizedNamed') checkValid(row);
  else if (op === 'normalize') checkNames(row);
  else if (op === 'parseAny') {
    assert.equal(formatReference(parseReference(given(row.Reference))), row.Equivalent);
  } else if (op === 'splitHost') {
    const { registry, repository } = parseReference(given(input));
    assert.deepEqual([registry, repository], [row.domain, row.path]);
  } else if (op === 'parseDockerRef') {
    assert.equal(formatReference(withDefaultTag(parseReference(given(input)))), expected);
  } else {
    assert.fail(`nobody knows the operation ${op}`);
  }
}

/** Their strict form: without a domain the name stays as it is, which is our familiar name. */
function checkParse(row: SuiteCase): void {
  if (row.error !== undefined) {
    const words = MESSAGES[row.error];
    assert.ok(words, `no message is known for ${row.error}`);
    refuses(given(row.input), words);
    return;
  }
  const reference = parseReference(given(row.input));
  assert.equal(familiarName(reference), row.repository);
  if (row.domain !== '') assert.equal(reference.registry, row.domain);
  assert.equal(reference.tag ?? '', row.tag);
  assert.equal(reference.digest ?? '', row.digest);
}

function checkValid(row: SuiteCase): void {
  const input = given(row.input);
  if (row.valid) {
    const reference = parseReference(input);
    assert.deepEqual(parseReference(formatReference(reference)), reference);
  } else {
    refuses(input, /./);
  }
}

function checkNames(row: SuiteCase): void {
  const spellings = [row.FamiliarName, row.FullName, row.AmbiguousName].map((name) => name ?? '');
  for (const spelling of spellings.filter((name) => name !== '')) {
    const reference = parseReference(spelling);
    assert.equal(reference.registry, row.Domain);
    assert.equal(reference.repository, row.RemoteName);
    assert.equal(familiarName(reference), row.FamiliarName);
    assert.equal(repositoryKey(reference), row.FullName);
  }
}

function given(text: string | undefined): string {
  assert.ok(text !== undefined, 'the row lacks a field of its operation');
  return text;
}

function refuses(text: string, message: RegExp): void {
  assert.throws(
    () => parseReference(text),
    (error) => {
      assert.ok(isSlipwayError(error, 'REFERENCE_INVALID'));
      assert.match(error.message, message);
      assert.deepEqual(error.detail, { reference: text });
      return true;
    },
  );
}

describe('parseReference', () => {
  const parsed: readonly (readonly [fact: string, text: string, reference: Reference])[] = [
    ['a name alone is official', 'ubuntu', { registry: 'docker.io', repository: 'library/ubuntu' }],
    ['localhost needs no dot', 'localhost/a/b', { registry: 'localhost', repository: 'a/b' }],
    [
      'localhost alone is a name',
      'localhost:5000',
      { registry: 'docker.io', repository: 'library/localhost', tag: '5000' },
    ],
    [
      'what begins like localhost is a user',
      'localhosts/a',
      { registry: 'docker.io', repository: 'localhosts/a' },
    ],
    [
      'a registry other than the default has no official names',
      'ghcr.io/a',
      { registry: 'ghcr.io', repository: 'a' },
    ],
    [
      'the index of old is the default registry',
      'index.docker.io/a:1',
      { registry: 'docker.io', repository: 'library/a', tag: '1' },
    ],
    [
      'an upper-case host keeps its case',
      'HOST/a:T',
      { registry: 'HOST', repository: 'a', tag: 'T' },
    ],
    [
      'IPv6 with port, tag and digest',
      `[::1]:5000/a:t@${DIGEST}`,
      { registry: '[::1]:5000', repository: 'a', tag: 't', digest: DIGEST },
    ],
    [
      '64 hex digits with a tag are a name',
      `${HEX}:t`,
      { registry: 'docker.io', repository: `library/${HEX}`, tag: 't' },
    ],
    [
      'sha512 is a digest too',
      `a@sha512:${HEX}${HEX}`,
      {
        registry: 'docker.io',
        repository: 'library/a',
        digest: parseDigest(`sha512:${HEX}${HEX}`),
      },
    ],
    [
      'a tag has up to 128 characters',
      `a:${'t'.repeat(128)}`,
      { registry: 'docker.io', repository: 'library/a', tag: 't'.repeat(128) },
    ],
    [
      'a repository has up to 255 characters, its registry not counted',
      `registry.test/${'r'.repeat(255)}`,
      { registry: 'registry.test', repository: 'r'.repeat(255) },
    ],
    [
      'separators within a component',
      'a.b/c_d__e--f.g',
      { registry: 'a.b', repository: 'c_d__e--f.g' },
    ],
  ];
  for (const [fact, text, reference] of parsed) {
    it(fact, () => assert.deepEqual(parseReference(text), reference));
  }

  const refused: readonly (readonly [fact: string, text: string, message?: string])[] = [
    ['nothing', ''],
    ['a tag alone', ':tag'],
    ['a digest alone', `@${DIGEST}`],
    ['an empty tag', 'a:'],
    ['an empty digest', 'a@'],
    ['an empty path', 'a.b/'],
    ['a slash in front', '/a'],
    ['a slash at the end', 'a/'],
    ['two slashes', 'a//b'],
    ['two tags', 'a:1:2'],
    ['two digests', `a@${DIGEST}@${DIGEST}`],
    ['a tag after the digest', `a@${DIGEST}:t`],
    ['a tag that begins with a dash', 'a:-t'],
    ['a tag of 129 characters', `a:${'t'.repeat(129)}`],
    ['white space', 'a b'],
    ['a line break at the end', 'a\n'],
    ['a line break after the tag', 'a:t\n'],
    ['a NUL', 'a\0'],
    ['letters of other scripts', 'ähre'],
    ['dots in a row', 'a..b'],
    ['three underscores', 'a___b'],
    ['a separator at the end', 'a-'],
    ['a separator in front', '_a'],
    ['parent folders', 'a.b/../c'],
    ['a scheme', 'https://a.b/c'],
    ['a host with an underscore', 'a_b.c/d'],
    ['a host that ends with a dash', 'a-.b/c'],
    ['a port that is no number', 'a.b:x/c'],
    ['a port of no digits', 'a.b:/c'],
    ['an IPv6 address without brackets', '2001:db8::1/a'],
    ['an IPv6 zone', '[fe80::1%25eth0]/a'],
    ['a digest that is none', 'a@b'],
    ['an unknown algorithm', `a@sha1:${HEX}`, 'unsupported digest algorithm'],
    ['a short digest', `a@sha256:${HEX.slice(1)}`, 'invalid checksum digest length'],
    ['an upper-case digest', `a@sha256:${HEX.toUpperCase()}`, 'invalid checksum digest format'],
    [
      'an image ID',
      HEX,
      `invalid repository name (${HEX}), cannot specify 64-byte hexadecimal strings`,
    ],
    [
      'a repository of 256 characters',
      `registry.test/${'r'.repeat(256)}`,
      'repository name must not be more than 255 characters',
    ],
    [
      'an official name of 248 characters, as its prefix counts',
      'r'.repeat(248),
      'repository name must not be more than 255 characters',
    ],
  ];
  for (const [fact, text, message = FORMAT] of refused) {
    it(`refuses ${fact}`, () => refuses(text, new RegExp(`^${RegExp.escape(message)}`)));
  }

  const hints: readonly (readonly [text: string, message: string, hint: RegExp])[] = [
    ['App:V1', 'library/App', /^write app:V1$/],
    ['HOST/App:V1', 'App', /^write HOST\/app:V1$/],
    ['docker.io/App', 'library/App', /^write docker\.io\/app$/],
    ['a/B..c', 'a/B..c', /^a reference is /],
  ];
  for (const [text, repository, hint] of hints) {
    it(`${text}: says what to write, and lowers nothing but the path`, () => {
      assert.throws(
        () => parseReference(text),
        (error) => {
          assert.ok(isSlipwayError(error, 'REFERENCE_INVALID'));
          const says = `${FORMAT}: repository name (${repository}) must be lowercase`;
          assert.equal(error.message, says);
          assert.match(error.hint ?? '', hint);
          return true;
        },
      );
    });
  }

  it('reads a very long text in a moment, and refuses it', () => {
    for (const part of ['a', 'a-', 'a.', 'A.', 'a/', '[:', 'a__']) {
      refuses(`${part.repeat(100_000)}!`, /./);
    }
  });
});

describe('printing', () => {
  it('the familiar form leaves out what goes without saying', () => {
    const forms: readonly (readonly [full: string, familiar: string])[] = [
      ['docker.io/library/a:1', 'a:1'],
      ['docker.io/user/a', 'user/a'],
      ['docker.io/library/a/b', 'library/a/b'],
      ['registry.test/library/a', 'registry.test/library/a'],
      [`docker.io/library/a:1@${DIGEST}`, `a:1@${DIGEST}`],
    ];
    for (const [full, familiar] of forms) {
      assert.equal(familiarReference(parseReference(full)), familiar);
    }
  });

  it('the familiar form stays long where the short one would mean something else', () => {
    for (const full of ['docker.io/a.b/c', 'docker.io/localhost/c', `docker.io/library/${HEX}`]) {
      assert.equal(familiarReference(parseReference(full)), full);
    }
  });

  it('both forms parse to what was printed', () => {
    fc.assert(
      fc.property(references(), (reference) => {
        assert.deepEqual(parseReference(formatReference(reference)), reference);
        assert.deepEqual(parseReference(familiarReference(reference)), reference);
        assert.deepEqual(parseReference(familiarName(reference)), {
          registry: reference.registry,
          repository: reference.repository,
        });
      }),
      { numRuns: 1000 },
    );
  });
});

/** Any reference in its normal form. */
function references(): fc.Arbitrary<Reference> {
  const component = fc.oneof(
    fc.constantFrom('library', 'localhost', 'docker.io', 'a.b', HEX),
    fc.stringMatching(/^[a-z0-9]{1,8}(?:(?:[._]|__|-{1,3})[a-z0-9]{1,8}){0,2}$/),
  );
  const path = fc.array(component, { minLength: 1, maxLength: 3 }).map((all) => all.join('/'));
  const registry = fc.oneof(
    fc.constantFrom(
      'docker.io',
      'localhost',
      'localhost:5000',
      '[::1]',
      '[2001:db8::1]:443',
      'HOST',
    ),
    fc.stringMatching(/^[a-zA-Z0-9]{1,8}(?:\.[a-z0-9]{1,8}){1,2}(?::[0-9]{1,5})?$/),
  );
  return fc
    .record(
      {
        registry,
        repository: path,
        tag: fc.stringMatching(/^\w[\w.-]{0,20}$/),
        digest: fc.constant(DIGEST),
      },
      { requiredKeys: ['registry', 'repository'] },
    )
    .map(({ registry: host, repository, ...rest }) => ({
      registry: host,
      // On the default registry a single component is always written with its prefix.
      repository:
        host === 'docker.io' && !repository.includes('/') ? `library/${repository}` : repository,
      ...rest,
    }));
}

describe('parts', () => {
  it('latest is the tag of a reference that says nothing', () => {
    const latest = (text: string): string => formatReference(withDefaultTag(parseReference(text)));
    assert.equal(latest('a'), 'docker.io/library/a:latest');
    assert.equal(latest('a:1'), 'docker.io/library/a:1');
    assert.equal(latest(`a@${DIGEST}`), `docker.io/library/a@${DIGEST}`);
  });

  it('a tag and a digest: the digest wins', () => {
    assert.equal(selectorOf(parseReference(`a:1@${DIGEST}`)), DIGEST);
    assert.equal(selectorOf(parseReference('a:1')), '1');
    assert.equal(selectorOf(parseReference('a')), 'latest');
  });

  it('repository names as they stand in a URL', () => {
    for (const name of ['a', 'a/b/c', 'a.b/c', 'r'.repeat(255)]) {
      assert.equal(isRepositoryName(name), true);
    }
    for (const name of ['', 'A', '/a', 'a/', 'a//b', 'a:1', '..', 'a/../b', 'r'.repeat(256)]) {
      assert.equal(isRepositoryName(name), false);
    }
  });

  it('tags', () => {
    for (const tag of ['a', 'A', '_', '1.0', 'a-b', 't'.repeat(128)])
      assert.equal(isTag(tag), true);
    for (const tag of ['', '.a', '-a', 'a/b', 'a:b', 'ä', 'a\n', 't'.repeat(129)]) {
      assert.equal(isTag(tag), false);
    }
  });
});

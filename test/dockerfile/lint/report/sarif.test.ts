/**
 * SARIF as its schema (2.1.0) wants it: what is required is there, references point at something,
 * nothing is there that the schema does not know. Written out, because the schema is no dependency.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lint } from '#dockerfile/lint/engine.ts';
import type { FileReport } from '#dockerfile/lint/report/report.ts';
import { reportSarif } from '#dockerfile/lint/report/sarif.ts';
import type { Reported } from '#dockerfile/lint/rule.ts';
import { checkSubject } from '#test/helpers/build-check.ts';

type Json = Readonly<Record<string, unknown>>;

/** Properties of each object of the schema that we write: required ones, then optional ones. */
const SHAPES: Readonly<Record<string, { required: string[]; optional: string[] }>> = {
  log: { required: ['version', 'runs'], optional: ['$schema'] },
  run: { required: ['tool'], optional: ['results', 'columnKind'] },
  tool: { required: ['driver'], optional: [] },
  driver: { required: ['name'], optional: ['semanticVersion', 'rules'] },
  rule: {
    required: ['id'],
    optional: [
      'shortDescription',
      'fullDescription',
      'helpUri',
      'defaultConfiguration',
      'properties',
    ],
  },
  configuration: { required: [], optional: ['level'] },
  text: { required: ['text'], optional: [] },
  result: {
    required: ['message'],
    optional: ['ruleId', 'ruleIndex', 'level', 'locations', 'partialFingerprints', 'fixes'],
  },
  location: { required: [], optional: ['physicalLocation'] },
  physicalLocation: { required: ['artifactLocation', 'region'], optional: [] },
  artifactLocation: { required: ['uri'], optional: [] },
  region: { required: ['startLine', 'startColumn', 'endLine', 'endColumn'], optional: [] },
  fix: { required: ['artifactChanges'], optional: ['description'] },
  change: { required: ['artifactLocation', 'replacements'], optional: [] },
  replacement: { required: ['deletedRegion'], optional: ['insertedContent'] },
};

const LEVELS = ['none', 'note', 'warning', 'error'];

/** The properties of an object of the schema, after a look at their names. */
function object(value: unknown, shape: string): Json {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), shape);
  const { required = [], optional = [] } = SHAPES[shape] ?? {};
  const names = Object.keys(value);
  for (const name of required) assert.ok(names.includes(name), `${shape} needs ${name}`);
  for (const name of names) {
    assert.ok([...required, ...optional].includes(name), `${shape} has no ${name}`);
  }
  return value as Json;
}

function list(value: unknown): readonly unknown[] {
  assert.ok(Array.isArray(value));
  return value;
}

function checkText(value: unknown): void {
  const { text } = object(value, 'text');
  assert.equal(typeof text, 'string');
}

function checkRegion(value: unknown): void {
  const region = object(value, 'region');
  for (const name of ['startLine', 'startColumn', 'endLine', 'endColumn']) {
    assert.ok(Number.isInteger(region[name]) && Number(region[name]) >= 1, `${name} from 1`);
  }
  const isForward =
    Number(region.endLine) > Number(region.startLine) ||
    Number(region.endColumn) >= Number(region.startColumn);
  assert.ok(isForward, 'a region ends behind its start');
}

function checkArtifact(value: unknown): void {
  const { uri } = object(value, 'artifactLocation');
  assert.ok(typeof uri === 'string' && URL.canParse(uri, 'file:///'), 'a URI reference');
  assert.doesNotMatch(uri, /[^!-~]/, 'a URI is ASCII without blanks');
}

function checkRules(rules: readonly unknown[]): readonly unknown[] {
  const ids = rules.map((entry) => {
    const rule = object(entry, 'rule');
    assert.ok(typeof rule.id === 'string' && rule.id !== '');
    checkText(rule.shortDescription);
    checkText(rule.fullDescription);
    assert.ok(rule.helpUri === undefined || URL.canParse(String(rule.helpUri)));
    const { level } = object(rule.defaultConfiguration, 'configuration');
    assert.ok(LEVELS.includes(String(level)));
    return rule.id;
  });
  assert.equal(new Set(ids).size, ids.length, 'the items of rules are unique');
  return ids;
}

function checkResult(entry: unknown, ids: readonly unknown[]): void {
  const result = object(entry, 'result');
  checkText(result.message);
  assert.ok(LEVELS.includes(String(result.level)));
  assert.equal(ids[Number(result.ruleIndex)], result.ruleId, 'ruleIndex is of ruleId');
  for (const place of list(result.locations)) {
    const { physicalLocation } = object(place, 'location');
    const physical = object(physicalLocation, 'physicalLocation');
    checkArtifact(physical.artifactLocation);
    checkRegion(physical.region);
  }
  for (const [name, value] of Object.entries(result.partialFingerprints ?? {})) {
    assert.ok(name !== '' && typeof value === 'string' && value !== '');
  }
  for (const fix of list(result.fixes ?? [])) checkFix(fix);
}

function checkFix(value: unknown): void {
  const fix = object(value, 'fix');
  if (fix.description !== undefined) checkText(fix.description);
  const changes = list(fix.artifactChanges);
  assert.ok(changes.length > 0, 'a fix changes something');
  for (const entry of changes) {
    const change = object(entry, 'change');
    checkArtifact(change.artifactLocation);
    const replacements = list(change.replacements);
    assert.ok(replacements.length > 0, 'a change replaces something');
    for (const one of replacements) {
      const replacement = object(one, 'replacement');
      checkRegion(replacement.deletedRegion);
      checkText(replacement.insertedContent);
    }
  }
}

/** The results of a log, every part of it checked. */
function checkLog(reports: readonly FileReport[]): readonly unknown[] {
  const log = object(JSON.parse(reportSarif(reports, { version: '1.2.3', colours: false })), 'log');
  assert.equal(log.version, '2.1.0');
  const runs = list(log.runs);
  assert.equal(runs.length, 1);
  const run = object(runs[0], 'run');
  assert.ok(['utf16CodeUnits', 'unicodeCodePoints'].includes(String(run.columnKind)));
  const driver = object(object(run.tool, 'tool').driver, 'driver');
  assert.match(String(driver.semanticVersion), /^\d+\.\d+\.\d+/);
  const ids = checkRules(list(driver.rules));
  const results = list(run.results);
  for (const result of results) checkResult(result, ids);
  return results;
}

/** A parser's errors come as rules that are made for each. */
function broken(code: string, start: number): Reported {
  const rule = {
    name: code,
    profile: 'buildkit',
    severity: 'error',
    description: 'no instruction',
    explanation: 'no instruction',
    url: '',
    check: () => [],
  } as const;
  return { rule, finding: { message: 'x', range: { start, end: start + 1 } } };
}

test('findings of several files, with fixes and without, in names that are no URI', () => {
  const text = 'from ünïcödé as B\nRun apt-get install x\nCMD a\nENV A b\nWORKDIR rel\nCOPY $X y/';
  const subject = checkSubject(text);
  const reported = lint(subject, { profile: 'all' });
  const files = ['Dockerfile', '/a b/ü#?%.Dockerfile', '-'];
  const reports = files.map((name) => ({ file: { name, text }, reported }));
  const results = checkLog(reports);
  assert.equal(results.length, reported.length * files.length);
  assert.ok(results.some((result) => object(result, 'result').fixes !== undefined));
});

test('two errors of one name are one rule', () => {
  const file = { name: 'Dockerfile', text: 'X\nY\n' };
  const reported = [broken('UnknownInstruction', 0), broken('UnknownInstruction', 2)];
  assert.equal(checkLog([{ file, reported }]).length, 2);
});

test('nothing found, no file and an empty file are sound', () => {
  assert.deepEqual(checkLog([]), []);
  assert.deepEqual(checkLog([{ file: { name: 'Dockerfile', text: '' }, reported: [] }]), []);
  const atEnd = {
    rule: broken('X', 0).rule,
    finding: { message: 'x', range: { start: 0, end: 0 } },
  };
  const empty = { file: { name: 'Dockerfile', text: '' }, reported: [atEnd] };
  assert.equal(checkLog([empty]).length, 1);
});

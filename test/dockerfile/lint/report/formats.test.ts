/**
 * Every report format over findings with awkward texts: the whole output as in `expected/`
 * (refreshed by `--test-update-snapshots`), and what each format demands of it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { REPORT_FORMATS, type ReportFormat } from '#dockerfile/lint/report/formats.ts';
import type { FileReport, Reporter } from '#dockerfile/lint/report/report.ts';
import { AWKWARD_REPORTS } from '#test/helpers/lint-reports.ts';

const reporters = new Map<string, Reporter>();
for (const [name, load] of Object.entries(REPORT_FORMATS)) reporters.set(name, await load());

function report(
  format: ReportFormat,
  reports: readonly FileReport[] = AWKWARD_REPORTS,
  colours = false,
): string {
  const reporter = reporters.get(format);
  assert.ok(reporter);
  return reporter(reports, { version: '1.2.3', colours });
}

function isFormat(name: string): name is ReportFormat {
  return name in REPORT_FORMATS;
}

for (const name of Object.keys(REPORT_FORMATS).filter(isFormat)) {
  test(`${name}: the whole output`, (t) => {
    t.assert.fileSnapshot(report(name), join(import.meta.dirname, 'expected', `${name}.txt`), {
      serializers: [(value: string) => value],
    });
  });

  test(`${name}: no files, and files without findings`, () => {
    assert.match(report(name, []), name === 'github' ? /^$/ : /\S\n$/);
    assert.doesNotMatch(report(name, AWKWARD_REPORTS.slice(1)), /DL0001|undefined|NaN/);
  });
}

/** Everything a format says of the finding with the awkward message. */
const MESSAGE = 'it\'s <"bad"> & 100%,\n\tso: \u0001';

describe('tty', () => {
  test('colours are codes around the same text', () => {
    const colours = report('tty', AWKWARD_REPORTS, true);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the codes
    assert.equal(colours.replaceAll(/\u001b\[[0-9;]*m/g, ''), report('tty'));
    assert.match(colours, /\[1;33mwarning\[DL0001\]/);
  });

  test('the carets have the colour, not those at the end of a source line', () => {
    const file = { name: 'f', text: 'FROM a\nRUN b ^^\nRUN c\n' };
    const [first] = AWKWARD_REPORTS[0]?.reported ?? [];
    assert.ok(first);
    const finding = { message: 'x', range: { start: 0, end: 4 } };
    const output = report('tty', [{ file, reported: [{ ...first, finding }] }], true);
    assert.match(output, /RUN b \^\^\n/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the codes
    assert.match(output, /\| {5}\u001b\[1;\d+m\^{4}\u001b\[0m\n/);
  });

  test('the cause stands between the message and the fix', () => {
    const [first] = AWKWARD_REPORTS[0]?.reported ?? [];
    assert.ok(first);
    const range = { start: 0, end: 4 };
    const finding = { message: 'what', reason: 'why', hint: 'how', range };
    const file = { name: 'f', text: 'FROM a\n' };
    assert.match(
      report('tty', [{ file, reported: [{ ...first, finding }] }]),
      /: what\ncause: why\nfix: how\n/,
    );
  });

  test('nothing in the file or the message steers the terminal', () => {
    assert.doesNotMatch(report('tty'), /(?![\t\n])\p{Cc}/u);
    const file = { name: 'a\rb', text: 'FROM a\rFROM b\r\n' };
    const [first] = AWKWARD_REPORTS[0]?.reported ?? [];
    assert.ok(first);
    const finding = { message: 'x\u202ey', range: { start: 0, end: 4 } };
    const output = report('tty', [{ file, reported: [{ ...first, finding }] }]);
    assert.doesNotMatch(output, /\r|\u202e/);
    assert.match(output, /FROM a\ufffdFROM b\n/);
  });
});

test('json: everything comes back', () => {
  const findings: unknown = JSON.parse(report('json'));
  assert.ok(Array.isArray(findings));
  assert.equal(findings.length, 4);
  assert.equal(findings[1].message, MESSAGE);
  assert.equal(findings[1].file, 'some dir/Docker,file:1%é');
  assert.deepEqual([findings[1].line, findings[1].column, findings[1].endColumn], [3, 10, 18]);
});

test('sarif: what the schema of 2.1.0 requires', () => {
  const log = JSON.parse(report('sarif'));
  assert.equal(log.version, '2.1.0');
  const [run] = log.runs;
  assert.equal(typeof run.tool.driver.name, 'string');
  for (const rule of run.tool.driver.rules) {
    assert.equal(typeof rule.id, 'string');
    assert.ok(URL.canParse(rule.helpUri));
  }
  for (const result of run.results) {
    assert.equal(typeof result.message.text, 'string');
    assert.ok(['none', 'note', 'warning', 'error'].includes(result.level));
    assert.equal(run.tool.driver.rules[result.ruleIndex].id, result.ruleId);
    const { artifactLocation, region } = result.locations[0].physicalLocation;
    assert.equal(decodeURIComponent(artifactLocation.uri), 'some dir/Docker,file:1%é');
    assert.match(artifactLocation.uri, /^[\w%/.~-]+$/);
    assert.ok(region.startLine >= 1 && region.startColumn >= 1 && region.endColumn >= 1);
    for (const { artifactChanges } of result.fixes ?? []) {
      assert.ok(artifactChanges[0].replacements[0].deletedRegion.startLine >= 1);
    }
  }
});

test('sarif: an absolute path is a file URI', () => {
  const reports = AWKWARD_REPORTS.map((one) => ({ ...one, file: { ...one.file, name: '/a b/c' } }));
  const log = JSON.parse(report('sarif', reports));
  const { artifactLocation } = log.runs[0].results[0].locations[0].physicalLocation;
  assert.equal(artifactLocation.uri, 'file:///a%20b/c');
});

describe('gitlab: fingerprints', () => {
  function prints(reports: readonly FileReport[]): readonly string[] {
    const issues: readonly { readonly fingerprint: string }[] = JSON.parse(
      report('gitlab', reports),
    );
    return issues.map(({ fingerprint }) => fingerprint);
  }

  test('are different for findings that look alike', () => {
    const found = prints(AWKWARD_REPORTS);
    assert.equal(new Set(found).size, 4);
    for (const print of found) assert.match(print, /^[0-9a-f]{64}$/);
  });

  test('stay when lines are put above', () => {
    const above = '# new\n\n';
    const moved = AWKWARD_REPORTS.map(({ file, reported }) => ({
      file: { ...file, text: above + file.text },
      reported: reported.map((one) => {
        const { start, end } = one.finding.range;
        const range = { start: start + above.length, end: end + above.length };
        return { ...one, finding: { ...one.finding, range } };
      }),
    }));
    assert.deepEqual(prints(moved), prints(AWKWARD_REPORTS));
  });
});

test('github: one line a finding, whose properties can be taken apart', () => {
  const lines = report('github').trimEnd().split('\n');
  assert.equal(lines.length, 4);
  for (const line of lines) {
    const [, properties = '', data = ''] = /^::[a-z]+ ([^:]*)::(.*)$/.exec(line) ?? [];
    assert.notEqual(data, '');
    const file = /^file=([^,]*),/.exec(properties)?.[1] ?? '';
    assert.equal(decodeURIComponent(file), 'some dir/Docker,file:1%é');
  }
});

for (const name of ['checkstyle', 'junit'] as const) {
  test(`${name}: an XML parser reads it, and gives the message back`, (t) => {
    const script = [
      'import sys, xml.etree.ElementTree as E',
      'root = E.fromstring(sys.stdin.buffer.read())',
      "sys.stdout.buffer.write('\\0'.join(e.get('message') for e in root.iter() if e.get('message')).encode())",
    ].join('\n');
    const input = report(name);
    const python = spawnSync('python3', ['-c', script], { input, encoding: 'utf8' });
    if (python.error) return t.skip('needs python3 with its XML parser');
    assert.equal(python.stderr, '');
    const message = MESSAGE.replace('\u0001', '\ufffd');
    assert.deepEqual(python.stdout.split('\0'), [
      'long',
      `${message}. Write ]]> instead.`,
      'again',
      'raised',
    ]);
  });
}

/**
 * The OCI distribution-spec conformance program against `slipway registry serve`: for the released
 * specification and for the coming one, every optional API and kind of data on, without and with
 * sign-in and TLS. Needs Go. Fails when a test fails; `--write` puts the totals into docs/conformance.md.
 *
 *     npm run conformance [-- --write] [-- --report DIR]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROJECT, slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const MODULE = 'github.com/opencontainers/distribution-spec/conformance';
const MODULE_VERSION = 'v0.0.0-20260831232431-97274622c111';
const RUNS = [
  { specification: '1.1', isSecure: false },
  { specification: 'dev', isSecure: false },
  { specification: 'dev', isSecure: true },
] as const;
const PAGE = 'docs/conformance.md';

/** What the version of the specification leaves off by default. */
const EVERYTHING_ON = {
  OCI_API_BLOBS_UPLOAD_CANCEL: 'true',
  OCI_API_BLOBS_DIGEST_HEADER: 'true',
  OCI_API_MANIFESTS_DIGEST_HEADER: 'true',
  OCI_API_MANIFESTS_TAG_PARAM: 'true',
  OCI_DATA_SPARSE: 'true',
} as const;

interface Totals {
  readonly run: string;
  readonly tests: number;
  readonly failed: number;
  readonly skipped: number;
  /** `Blob mount: Pass`, one per API and kind of data. */
  readonly groups: readonly string[];
}

const { values } = parseArgs({
  options: { write: { type: 'boolean', default: false }, report: { type: 'string' } },
});
using folder = tempFolder();
const program = buildProgram(folder.at('bin'));
const totals: Totals[] = [];
for (const { specification, isSecure } of RUNS) {
  const run = `${specification}${isSecure ? ', sign-in and TLS' : ''}`;
  const outcome = await conformance(specification, isSecure, run.replaceAll(/[, ]+/g, '-'));
  totals.push(totalsOf(run, outcome));
}
for (const each of totals) {
  process.stdout.write(
    `distribution-spec ${each.run}: ${each.tests} tests, ${each.failed} failures, ${each.skipped} skipped\n`,
  );
}
if (values.write) writeFileSync(join(PROJECT, PAGE), page(totals));
if (totals.some(({ failed }) => failed > 0)) process.exitCode = 1;

function buildProgram(into: string): string {
  const { status, error } = spawnSync('go', ['install', `${MODULE}@${MODULE_VERSION}`], {
    env: { ...process.env, GOBIN: into },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error) throw new Error('the conformance program needs Go 1.24 or newer on the PATH');
  if (status !== 0) throw new Error(`go install ${MODULE} failed`);
  return join(into, 'conformance');
}

/** What the program printed. */
async function conformance(
  specification: string,
  isSecure: boolean,
  name: string,
): Promise<string> {
  const report = join(values.report ?? folder.path, name);
  mkdirSync(report, { recursive: true });
  const root = folder.at(`store-${name}`);
  const password = isSecure
    ? (await slipway(['registry', 'user', 'add', 'ana'], { root })).stdout.trim()
    : '';
  const serve = ['registry', 'serve', '--addr', '127.0.0.1:0', '--allow-sparse'];
  const server = startSlipway([...serve, ...(isSecure ? ['--tls', 'self'] : [])], { root });
  try {
    const address = (await server.firstLine).replace(/^.*https?:\/\//, '');
    const run = spawnSync(program, [], {
      env: {
        ...process.env,
        ...EVERYTHING_ON,
        OCI_VERSION: specification,
        OCI_REGISTRY: address,
        OCI_TLS: isSecure ? 'enabled' : 'disabled',
        ...(isSecure
          ? {
              OCI_USERNAME: 'ana',
              OCI_PASSWORD: password,
              SSL_CERT_FILE: join(root, 'registry/tls/ca.crt'),
            }
          : {}),
        OCI_RESULTS_DIR: report,
      },
      cwd: report,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    return run.stdout;
  } finally {
    server.kill('SIGTERM');
    await server.outcome;
  }
}

function totalsOf(run: string, output: string): Totals {
  return {
    run,
    tests: count(output, 'Total'),
    failed: count(output, 'FAIL') + count(output, 'Error'),
    skipped: count(output, 'Skip'),
    groups: [...output.matchAll(/^ {2}(\S.*?)\.{2,}: +(\S+)$/gm)].flatMap(([, name, result]) =>
      result === undefined || /^\d/.test(result) ? [] : [`${name}: ${result}`],
    ),
  };
}

/** A line of the program's summary: `Total....: 1032`. @throws where there is none: it did not end well */
function count(output: string, name: string): number {
  const found = new RegExp(`^  ${name}\\.+: +(\\d+)$`, 'm').exec(output);
  if (!found)
    throw new Error(`the conformance program printed no ${name}:\n${output.slice(-2000)}`);
  return Number(found[1]);
}

function page(all: readonly Totals[]): string {
  const rows = all.map(
    ({ run, tests, failed, skipped }) => `| ${run} | ${tests} | ${failed} | ${skipped} |`,
  );
  const groups = all.at(-1)?.groups ?? [];
  return `# Conformance

The OCI distribution-spec conformance program (\`${MODULE}\`,
${MODULE_VERSION}) against \`slipway registry serve --allow-sparse\`, every optional API and kind of
data on: \`npm run conformance -- --write\` runs it and writes this page.
Debian's docker-registry 2.8.2 under the same program and switches: 166 failures and 61 skipped for
1.1, 180 and 61 for dev.

| specification | tests | failures | skipped |
|---|---|---|---|
${rows.join('\n')}

${groups.map((line) => `- ${line}`).join('\n')}
`;
}

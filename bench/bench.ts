/** `npm run bench`: asks the questions named, or all of them, and writes Markdown. */
import { cpus, loadavg, release } from 'node:os';
import { build } from './build.ts';
import { containers } from './containers.ts';
import { curves } from './curves.ts';
import { gzip } from './gzip.ts';
import { indexLayer } from './index-layer.ts';
import { lintDockerfiles } from './lint.ts';
import { mergeLayers } from './merge-layers.ts';
import { pullAndPush } from './pull-push.ts';
import { registryCare } from './registry-care.ts';
import { registryGet } from './registry-get.ts';
import { saveAndLoad } from './save-load.ts';
import { slowLine } from './slow-line.ts';
import { startup } from './startup.ts';
import { storeCare } from './store.ts';

const QUESTIONS: Readonly<Record<string, () => Promise<string>>> = {
  startup,
  build,
  containers,
  curves,
  index: indexLayer,
  merge: mergeLayers,
  gzip,
  lint: lintDockerfiles,
  registry: registryGet,
  'registry-care': registryCare,
  store: storeCare,
  'save-load': saveAndLoad,
  'pull-push': pullAndPush,
  'slow-line': slowLine,
};

const asked = process.argv.slice(2);
const names = asked.length > 0 ? asked : Object.keys(QUESTIONS);
const unknown = names.filter((name) => !Object.hasOwn(QUESTIONS, name));
if (unknown.length > 0) {
  console.error(
    `no such question: ${unknown.join(', ')}; there are: ${Object.keys(QUESTIONS).join(', ')}`,
  );
  process.exit(1);
}

const [cpu] = cpus();
console.log(`# ${new Date().toISOString().slice(0, 10)}\n`);
console.log(
  `Node ${process.version}, Linux ${release()}, ${cpus().length} × ${cpu?.model ?? 'unknown'},`,
);
console.log(
  `load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')} at the start.\n`,
);
for (const name of names) {
  const text = await QUESTIONS[name]?.();
  console.log(`## ${name}\n\n${text}`);
}

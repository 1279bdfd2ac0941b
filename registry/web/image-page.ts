/** `/repo/NAME:TAG`: how to pull it, its platforms or layers, config and history, and what refers to it. */
import type { Descriptor } from '#core/descriptor.ts';
import type { ImageConfig } from '#core/image-config.ts';
import type { ImageIndex, ImageManifest } from '#core/manifest.ts';
import { formatPlatform } from '#core/platform.ts';
import { may, type RegistryCall } from '../endpoints/base.ts';
import { allReferrers } from '../endpoints/referrers.ts';
import { shortDigest, sizeText, timeText } from './figures.ts';
import { type Html, html } from './html.ts';
import { configOf, type LookedAt, lookAt } from './look.ts';
import { imagePath } from './route.ts';

interface ImageOf {
  readonly name: string;
  /** A tag or digest. */
  readonly reference: string;
}

export async function imagePage(
  call: RegistryCall,
  { name, reference }: ImageOf,
): Promise<{ readonly title: string; readonly body: Html }> {
  const repository = call.provider.repository(name);
  const looked = await lookAt(call, repository, reference);
  const { digest, mediaType, manifest } = looked;
  const title = `${name}${reference.includes(':') ? '@' : ':'}${reference}`;
  const referrers = await allReferrers(repository, digest, call.signal);
  return {
    title,
    body: html`<h1><a href="/repo/${name}">${name}</a>${title.slice(name.length)}</h1>
${commands(call, title)}
<dl>
<dt>Digest</dt><dd><code>${digest}</code></dd>
<dt>Type</dt><dd><code>${mediaType}</code></dd>
${manifest.artifactType === undefined ? undefined : html`<dt>Artifact</dt><dd><code>${manifest.artifactType}</code></dd>`}
${manifest.subject ? html`<dt>About</dt><dd><a href="${imagePath(name, manifest.subject.digest)}"><code>${manifest.subject.digest}</code></a></dd>` : undefined}
${pairs(manifest.annotations)}
</dl>
${manifest.kind === 'index' ? platforms(name, manifest) : await contents(call, name, manifest)}
${referrers.length === 0 ? undefined : referrerTable(name, referrers)}
${deletion(call, { name, reference }, looked)}`,
  };
}

function commands(call: RegistryCall, title: string): Html {
  const host = call.headers.host ?? 'HOST';
  const lines = ['docker', 'podman', 'slipway'].map(
    (program) =>
      html`<p class="command"><label for="with-${program}">${program}</label><input id="with-${program}" readonly value="${program} pull ${host}/${title}"></p>\n`,
  );
  return html`<section aria-labelledby="pull"><h2 id="pull">Pull</h2>\n${lines}</section>`;
}

function pairs(record: Readonly<Record<string, string>>): readonly Html[] {
  return Object.entries(record).map(([key, value]) => html`<dt>${key}</dt><dd>${value}</dd>\n`);
}

function platforms(name: string, { manifests }: ImageIndex): Html {
  const rows = manifests.map(
    ({ digest, platform, size, mediaType }) =>
      html`<tr><th scope="row"><a href="${imagePath(name, digest)}">${platform ? formatPlatform(platform) : mediaType}</a></th><td><code>${shortDigest(digest)}</code></td><td class="number">${sizeText(size)}</td></tr>\n`,
  );
  return html`<table><caption>Platforms</caption>
<thead><tr><th scope="col">Platform</th><th scope="col">Digest</th><th scope="col" class="number">Manifest</th></tr></thead>
<tbody>
${rows}</tbody></table>`;
}

async function contents(call: RegistryCall, name: string, manifest: ImageManifest): Promise<Html> {
  const config = await configOf(call, call.provider.repository(name), manifest);
  const total = manifest.layers.reduce((sum, { size }) => sum + size, 0);
  return html`${layerTable(manifest.layers, total)}
${config ? configList(config) : undefined}
${config ? historyTable(config, manifest.layers) : undefined}`;
}

function layerTable(layers: readonly Descriptor[], total: number): Html {
  const rows = layers.map(
    ({ digest, mediaType, size }, i) =>
      html`<tr><td class="number">${i + 1}</td><td><code>${shortDigest(digest)}</code></td><td><code>${mediaType}</code></td><td class="number">${sizeText(size)}</td></tr>\n`,
  );
  return html`<div class="wide"><table><caption>Layers, ${sizeText(total)}</caption>
<thead><tr><th scope="col" class="number">No.</th><th scope="col">Digest</th><th scope="col">Type</th><th scope="col" class="number">Size</th></tr></thead>
<tbody>
${rows}</tbody></table></div>`;
}

function configList(config: ImageConfig): Html {
  const { config: start } = config;
  const facts: readonly (readonly [string, readonly string[] | string | undefined])[] = [
    ['Platform', formatPlatform(config)],
    ['Created', config.created],
    ['User', start.User],
    ['Working directory', start.WorkingDir],
    ['Entrypoint', start.Entrypoint && JSON.stringify(start.Entrypoint)],
    ['Command', start.Cmd && JSON.stringify(start.Cmd)],
    ['Environment', start.Env],
    ['Ports', Object.keys(start.ExposedPorts ?? {})],
    ['Volumes', Object.keys(start.Volumes ?? {})],
    ['Stop signal', start.StopSignal],
    ['Health check', start.Healthcheck?.Test && JSON.stringify(start.Healthcheck.Test)],
    ['Labels', Object.entries(start.Labels ?? {}).map(([key, value]) => `${key}=${value}`)],
  ];
  const rows = facts.flatMap(([name, value]) => {
    const text = typeof value === 'object' ? value.join('\n') : value;
    if (text === undefined || text === '') return [];
    return [
      html`<dt>${name}</dt><dd>${typeof value === 'object' ? html`<pre>${text}</pre>` : text}</dd>\n`,
    ];
  });
  return html`<h2>Configuration</h2>\n<dl>\n${rows}</dl>`;
}

function historyTable({ history }: ImageConfig, layers: readonly Descriptor[]): Html {
  let layer = 0;
  const rows = history.map((entry) => {
    const size = entry.empty_layer ? undefined : layers[layer++]?.size;
    return html`<tr><td><code>${entry.created_by ?? entry.comment ?? ''}</code></td><td>${timeText(entry.created)}</td><td class="number">${size === undefined ? '' : sizeText(size)}</td></tr>\n`;
  });
  if (rows.length === 0) return html``;
  return html`<div class="wide"><table><caption>History</caption>
<thead><tr><th scope="col">Step</th><th scope="col">Time</th><th scope="col" class="number">Size</th></tr></thead>
<tbody>
${rows}</tbody></table></div>`;
}

function referrerTable(name: string, referrers: readonly Descriptor[]): Html {
  const rows = referrers.map(
    ({ digest, artifactType, size }) =>
      html`<tr><th scope="row"><a href="${imagePath(name, digest)}"><code>${shortDigest(digest)}</code></a></th><td>${artifactType ?? ''}</td><td class="number">${sizeText(size)}</td></tr>\n`,
  );
  return html`<table><caption>Signatures, attestations and others about it</caption>
<thead><tr><th scope="col">Digest</th><th scope="col">Type</th><th scope="col" class="number">Manifest</th></tr></thead>
<tbody>
${rows}</tbody></table>`;
}

/** Asked once more by having to open it and to tick the box: there is no way back. */
function deletion(
  call: RegistryCall,
  { name, reference }: ImageOf,
  { digest }: LookedAt,
): Html | undefined {
  if (!call.deletes || !may(call, { repository: name, action: 'delete' })) return undefined;
  const what = reference === digest ? 'this image and all its tags' : `the tag ${reference}`;
  return html`<details><summary>Delete…</summary>
<form method="post" action="${imagePath(name, reference)}">
<p><input type="checkbox" id="sure" name="sure" value="yes" required> <label for="sure">Delete ${what}: there is no way back.</label></p>
<p><button class="danger">Delete ${what}</button></p>
</form>
</details>`;
}

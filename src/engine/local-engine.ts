/** The Engine: one short method an operation. What an operation stands on is loaded when it is called. */

import type { Event } from '#core/events.ts';
import type { CopyRequest } from '#core/image-copy.ts';
import type { SyncRequest } from '#core/mirror.ts';
import type { Platform } from '#core/platform.ts';
import { hostPlatform } from '#core/platform.ts';
import { parseReference } from '#core/reference.ts';
import type { RegistryLogin } from '#core/registry-login.ts';
import type { CheckOptions, PruneSelection } from '#core/store-report.ts';
import type {
  ArchiveSource,
  BuildOptions,
  CallContext,
  CopyFilesOptions,
  DoctorOptions,
  Engine,
  ImagesOptions,
  ImportOptions,
  InspectOptions,
  ListFilesOptions,
  LoadOptions,
  LoadToOptions,
  PlanSaveOptions,
  PushAllOptions,
  RunOptions,
  SaveOptions,
  ServeOptions,
  Settings,
} from '#engine.ts';
import type { PlatformChanges } from '#image/manifest-list.ts';
import type { SignImageOptions, VerifyImageOptions } from './referrer-tools.ts';
import type {
  CombineImagesOptions,
  CreateListOptions,
  DigestOptions,
  InspectManifestOptions,
  ListNamesOptions,
  PushListOptions,
  SearchOptions,
  ValidateOptions,
} from './registry-tools.ts';
import { Resources } from './resources.ts';

export class LocalEngine implements Engine {
  readonly #resources: Resources;

  constructor(settings: Settings) {
    this.#resources = new Resources(settings);
  }

  // Building and running

  async build(options: BuildOptions) {
    const { buildImage } = await import('./build-image.ts');
    return await buildImage(this.#resources, options);
  }

  async run(options: RunOptions) {
    const { runContainer } = await import('./run-image.ts');
    return await runContainer(this.#resources, options);
  }

  // The history of builds

  async builds() {
    const { buildSummaries } = await import('#build/history/read-history.ts');
    return await buildSummaries(await this.#resources.store());
  }

  async inspectBuild(ref = '') {
    const { buildDetails } = await import('#build/history/read-history.ts');
    return await buildDetails(await this.#resources.store(), ref);
  }

  async replayBuild(ref: string, start: (originMs: number) => (event: Event) => void) {
    const { replayBuild } = await import('#build/history/read-history.ts');
    await replayBuild(await this.#resources.store(), ref, start);
  }

  async removeBuilds(refs: readonly string[]) {
    const { builds } = await this.#resources.store();
    return builds.remove(refs.map((text) => builds.find(text).ref));
  }

  // Registries

  async pull(reference: string, options: CallContext & { readonly platform?: Platform } = {}) {
    const parsed = parseReference(reference);
    const { pull } = await import('./pull.ts');
    return await pull(this.#resources, parsed, options);
  }

  async remoteTags(name: string, options: ListNamesOptions = {}) {
    const parsed = parseReference(name);
    const { remoteTags } = await import('./remote-names.ts');
    return await remoteTags(this.#resources, parsed, options);
  }

  async catalog(registry: string, options: ListNamesOptions = {}) {
    const { catalog } = await import('./remote-names.ts');
    return await catalog(this.#resources, registry, options);
  }

  async search(term: string, options: SearchOptions = {}) {
    const { search } = await import('./remote-names.ts');
    return await search(this.#resources, term, options);
  }

  async digest(place: string, options: DigestOptions = {}) {
    const { imageDigest } = await import('./edit-registry.ts');
    return await imageDigest(this.#resources, place, options);
  }

  async removeRemoteTag(reference: string, options: CallContext = {}) {
    const { removeRemoteTag } = await import('./edit-registry.ts');
    return await removeRemoteTag(this.#resources, reference, options);
  }

  async createManifestList(
    list: string,
    images: readonly string[],
    options: CreateListOptions = {},
  ) {
    const { createManifestList } = await import('./manifest-lists.ts');
    return await createManifestList(this.#resources, list, images, options);
  }

  async annotateManifest(list: string, image: string, changes: PlatformChanges) {
    const { annotateManifest } = await import('./manifest-lists.ts');
    await annotateManifest(this.#resources, { list, image }, changes);
  }

  async inspectManifest(name: string, options: InspectManifestOptions = {}) {
    const { inspectManifest } = await import('./manifest-lists.ts');
    return await inspectManifest(this.#resources, name, options);
  }

  async pushManifestList(list: string, options: PushListOptions = {}) {
    const { pushManifestList } = await import('./manifest-lists.ts');
    return await pushManifestList(this.#resources, list, options);
  }

  async removeManifestList(list: string) {
    const { removeManifestList } = await import('./manifest-lists.ts');
    await removeManifestList(this.#resources, list);
  }

  async combineImages(options: CombineImagesOptions) {
    const { combineRemoteImages } = await import('./image-tools.ts');
    return await combineRemoteImages(this.#resources, options);
  }

  async validate(place: string, options: ValidateOptions) {
    const { validatePlace } = await import('./validate.ts');
    await validatePlace(this.#resources, place, options);
  }

  async lookAt(place: string, options: CallContext & { readonly withConfigs?: boolean } = {}) {
    const { lookAtImage } = await import('./image-tools.ts');
    return await lookAtImage(this.#resources, place, options);
  }

  async push(reference: string, options: CallContext & { readonly platform?: Platform } = {}) {
    const parsed = parseReference(reference);
    const { push } = await import('./push.ts');
    const { platform, ...context } = options;
    const only = platform ? { onlyPlatform: platform } : {};
    return await push(this.#resources, parsed, { ...context, ...only });
  }

  async pushAll(name: string, options: PushAllOptions = {}) {
    const parsed = parseReference(name);
    const { pushAll } = await import('./push-all.ts');
    return await pushAll(this.#resources, parsed, options);
  }

  async copy(from: string, to: string, options: CallContext & CopyRequest = {}) {
    const { copy } = await import('./copy.ts');
    return await copy(this.#resources, { from, to }, options);
  }

  async planCopy(from: string, to: string, options: CallContext & CopyRequest = {}) {
    const { planCopy } = await import('./copy.ts');
    return await planCopy(this.#resources, { from, to }, options);
  }

  async sync(file: string, options: CallContext & SyncRequest = {}) {
    const { sync } = await import('./sync.ts');
    return await sync(this.#resources, file, options);
  }

  async serveRegistry(options: ServeOptions) {
    const { serve } = await import('./serve.ts');
    return await serve(this.#resources, options);
  }

  async explainRegistry(reference: string) {
    const parsed = parseReference(reference);
    const { explainRegistry } = await import('./registry-report.ts');
    return await explainRegistry(this.#resources, parsed, reference);
  }

  async registryReport() {
    const { registryReport } = await import('./registry-report.ts');
    return await registryReport(this.#resources);
  }

  async login(options: RegistryLogin & CallContext) {
    const { login } = await import('./login.ts');
    return await login(this.#resources, options);
  }

  async logout(registry: string) {
    const { logout } = await import('./login.ts');
    await logout(this.#resources, registry);
  }

  // What refers to images

  async sign(image: string, options: SignImageOptions) {
    const { sign } = await import('./sign.ts');
    await sign(this.#resources, image, options);
  }

  async verify(image: string, options: VerifyImageOptions) {
    const { verify } = await import('./sign.ts');
    return await verify(this.#resources, image, options);
  }

  // Moving images as files

  async save(
    images: readonly string[],
    output: string | NodeJS.WritableStream,
    options: SaveOptions = {},
  ) {
    const { save } = await import('./save.ts');
    return await save(this.#resources, images, { ...options, output });
  }

  async planSave(images: readonly string[], options: PlanSaveOptions = {}) {
    const { planSave } = await import('./save.ts');
    return await planSave(this.#resources, images, options);
  }

  async inventory(output: string | NodeJS.WritableStream, options: CallContext = {}) {
    const { writeInventory } = await import('./save.ts');
    await writeInventory(this.#resources, output, options);
  }

  async load(source: ArchiveSource, options: LoadOptions = {}) {
    const { load } = await import('./load.ts');
    return await load(this.#resources, source, options);
  }

  async loadTo(source: ArchiveSource, options: LoadToOptions) {
    const { loadTo } = await import('./load-to.ts');
    return await loadTo(this.#resources, source, options);
  }

  // What is inside: root file systems and their files

  async import(source: string | NodeJS.ReadableStream, options: ImportOptions = {}) {
    const { importRoot } = await import('./import-image.ts');
    return await importRoot(this.#resources, source, options);
  }

  async export(image: string, output: string | NodeJS.WritableStream, options: CallContext = {}) {
    const { exportRoot } = await import('#image/export.ts');
    await exportRoot(image, { ...(await this.#local()), output, ...signalOf(options) });
  }

  async listFiles(image: string, options: ListFilesOptions = {}) {
    const { listFiles } = await import('#image/files.ts');
    return await listFiles(image, { ...(await this.#local()), ...options });
  }

  async readFile(
    image: string,
    path: string,
    options: CallContext & { readonly output: NodeJS.WritableStream },
  ) {
    const { readImageFile } = await import('#image/files.ts');
    await readImageFile(image, { ...(await this.#local()), ...options, path });
  }

  async copyFiles(image: string, options: CopyFilesOptions) {
    const { copyOut } = await import('#image/copy-out.ts');
    const { followLink = false, keepOwner = false } = options;
    const local = await this.#local();
    return await copyOut(image, { ...local, ...options, followLink, keepOwner });
  }

  async diff(
    before: string,
    after: string,
    options: CallContext & { readonly times?: boolean } = {},
  ) {
    const { diffImages } = await import('#image/diff.ts');
    const { times = false } = options;
    return await diffImages(before, after, { ...(await this.#local()), ...options, times });
  }

  async analyze(image: string, options: CallContext = {}) {
    const { analyzeImage } = await import('#image/analyze.ts');
    return await analyzeImage(image, { ...(await this.#local()), ...signalOf(options) });
  }

  // Names and images of the local store

  async tag(source: string, target: string) {
    const { tagImage } = await import('#image/tag.ts');
    await tagImage(source, target, await this.#local());
  }

  async images(options: ImagesOptions = {}) {
    const { listImages } = await import('#image/list.ts');
    return await listImages({ ...(await this.#local()), ...options });
  }

  async imageTrees(options: ImagesOptions = {}) {
    const { imageTrees } = await import('#image/tree.ts');
    return await imageTrees({ ...(await this.#local()), ...options });
  }

  async inspect(reference: string, options: InspectOptions = {}) {
    const { inspectImage } = await import('#image/inspect.ts');
    const { platform: only } = options;
    return await inspectImage(reference, { ...(await this.#local()), ...(only ? { only } : {}) });
  }

  async removeImage(reference: string, options: { readonly force?: boolean } = {}) {
    const { removeImage } = await import('#image/remove.ts');
    return await removeImage(reference, { ...(await this.#local()), ...options });
  }

  async planRemoval(references: readonly string[], options: { readonly force?: boolean } = {}) {
    const { planRemoval } = await import('#image/plan-removal.ts');
    return await planRemoval(references, { ...(await this.#local()), ...options });
  }

  // Care of the store

  async diskUsage() {
    const { diskUsage } = await import('./store-care.ts');
    return await diskUsage(await this.#local());
  }

  async doctor(options: DoctorOptions = {}) {
    const { examine } = await import('./doctor.ts');
    return await examine(this.#resources, options);
  }

  async checkStore(options: CheckOptions = {}) {
    return await (await this.#resources.store()).check(options);
  }

  async why(text: string) {
    const { whyHeld } = await import('#image/why.ts');
    return await whyHeld(text, (await this.#local()).store);
  }

  async prune(selection: PruneSelection) {
    const { pruneStore } = await import('#image/prune.ts');
    return await pruneStore(selection, await this.#local());
  }

  async registryKeeping() {
    const { registryKeeping } = await import('./registry-keeping.ts');
    return registryKeeping(await this.#resources.store());
  }

  async gc(options: { readonly dryRun?: boolean } = {}) {
    const { collectGarbage } = await import('./store-care.ts');
    return await collectGarbage(await this.#local(), options);
  }

  async [Symbol.asyncDispose]() {
    await this.#resources[Symbol.asyncDispose]();
  }

  async #local() {
    return { store: await this.#resources.store(), platform: hostPlatform(process.arch) };
  }
}

function signalOf({ signal }: CallContext): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {};
}

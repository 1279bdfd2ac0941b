/**
 * An engine for tests of commands: every method refuses unless the test gives it, and what was
 * called with what is kept. No behaviour of its own.
 */
import type { Engine } from '#engine.ts';

export interface FakeEngine extends Engine {
  readonly disposed: boolean;
}

type Methods = Partial<Omit<Engine, typeof Symbol.asyncDispose>>;

export function fakeEngine(methods: Methods): FakeEngine {
  let disposed = false;
  const refuse = (name: string) => (): never => {
    throw new Error(`the test does not expect a call of ${name}`);
  };
  return {
    build: refuse('build'),
    builds: refuse('builds'),
    inspectBuild: refuse('inspectBuild'),
    replayBuild: refuse('replayBuild'),
    removeBuilds: refuse('removeBuilds'),
    pull: refuse('pull'),
    push: refuse('push'),
    pushAll: refuse('pushAll'),
    remoteTags: refuse('remoteTags'),
    catalog: refuse('catalog'),
    search: refuse('search'),
    sign: refuse('sign'),
    verify: refuse('verify'),
    digest: refuse('digest'),
    removeRemoteTag: refuse('removeRemoteTag'),
    createManifestList: refuse('createManifestList'),
    annotateManifest: refuse('annotateManifest'),
    inspectManifest: refuse('inspectManifest'),
    pushManifestList: refuse('pushManifestList'),
    removeManifestList: refuse('removeManifestList'),
    copy: refuse('copy'),
    planCopy: refuse('planCopy'),
    combineImages: refuse('combineImages'),
    lookAt: refuse('lookAt'),
    validate: refuse('validate'),
    sync: refuse('sync'),
    save: refuse('save'),
    planSave: refuse('planSave'),
    inventory: refuse('inventory'),
    registryKeeping: refuse('registryKeeping'),
    load: refuse('load'),
    loadTo: refuse('loadTo'),
    import: refuse('import'),
    export: refuse('export'),
    listFiles: refuse('listFiles'),
    readFile: refuse('readFile'),
    copyFiles: refuse('copyFiles'),
    diff: refuse('diff'),
    analyze: refuse('analyze'),
    tag: refuse('tag'),
    images: refuse('images'),
    imageTrees: refuse('imageTrees'),
    inspect: refuse('inspect'),
    removeImage: refuse('removeImage'),
    planRemoval: refuse('planRemoval'),
    diskUsage: refuse('diskUsage'),
    doctor: refuse('doctor'),
    checkStore: refuse('checkStore'),
    why: refuse('why'),
    prune: refuse('prune'),
    gc: refuse('gc'),
    run: refuse('run'),
    serveRegistry: refuse('serveRegistry'),
    explainRegistry: refuse('explainRegistry'),
    registryReport: refuse('registryReport'),
    login: refuse('login'),
    logout: refuse('logout'),
    ...methods,
    get disposed() {
      return disposed;
    },
    async [Symbol.asyncDispose]() {
      disposed = true;
    },
  };
}

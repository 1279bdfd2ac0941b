/** The configuration of all registries, read once when first asked: plans for names, and how hosts are spoken to. */
import { lookup } from 'node:dns/promises';
import type { Reference } from '#core/reference.ts';
import type { RegistrySettings } from '#core/registry-settings.ts';
import { type OriginLookup, originLookup } from '../network.ts';
import type { HostPlan, RegistryPlan } from './plan.ts';
import { type ResolveContext, resolveHost, resolvePlan } from './resolve.ts';
import { type LoadedFiles, loadFiles } from './sources.ts';

/** A plan, and how its hosts and those that they lead to are spoken to. */
export interface Route {
  readonly plan: RegistryPlan;
  readonly origins: OriginLookup;
}

export class Registries {
  readonly #settings: RegistrySettings;
  #files: Promise<LoadedFiles> | undefined;
  readonly #hosts = new Map<string, Promise<HostPlan>>();
  readonly #addresses = new Map<string, Promise<readonly string[]>>();

  constructor(settings: RegistrySettings) {
    this.#settings = settings;
  }

  /** What all files say. @throws CONFIG_INVALID, PERMISSION */
  files(): Promise<LoadedFiles> {
    this.#files ??= loadFiles(this.#settings);
    return this.#files;
  }

  /** `scheme`: in the URL that the user typed. @throws CONFIG_INVALID, PERMISSION */
  async route(reference: Reference, scheme?: 'http' | 'https'): Promise<Route> {
    const plan = await resolvePlan(reference, await this.#context(), scheme);
    return { plan, origins: originLookup(plan.hosts, (host) => this.#host(host)) };
  }

  /** For what is no registry: the files that ADD fetches. */
  readonly origins: OriginLookup = originLookup([], (host) => this.#host(host));

  #host(registry: string): Promise<HostPlan> {
    const known = this.#hosts.get(registry) ?? this.#resolveHost(registry);
    this.#hosts.set(registry, known);
    return known;
  }

  async #resolveHost(registry: string): Promise<HostPlan> {
    return await resolveHost(registry, await this.#context());
  }

  async #context(): Promise<ResolveContext> {
    return {
      settings: this.#settings,
      files: await this.files(),
      lookup: (hostname) => this.#lookup(hostname),
    };
  }

  #lookup(hostname: string): Promise<readonly string[]> {
    const known = this.#addresses.get(hostname) ?? addressesOf(hostname);
    this.#addresses.set(hostname, known);
    return known;
  }
}

/** A name that cannot be looked up is in no network; what asks for it next says so. */
async function addressesOf(hostname: string): Promise<readonly string[]> {
  try {
    return (await lookup(hostname, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

/** How a registry is reached, for people and programs: every fact with what says so. Never a secret. */

/** `origin`: a file and its key, a variable, a flag, or `default`. */
export interface ReportedFact {
  readonly name: string;
  readonly value: string;
  readonly origin: string;
}

export interface ReportedHost {
  readonly role: 'mirror' | 'registry';
  /** What says that it is asked. */
  readonly origin: string;
  /** Where the repository's API begins, in the order tried. */
  readonly urls: readonly string[];
  readonly facts: readonly ReportedFact[];
}

/** What `config registries --explain` tells. */
export interface RegistryExplanation {
  /** The whole name. */
  readonly reference: string;
  readonly facts: readonly ReportedFact[];
  /** In the order they are asked; the registry itself is the last. */
  readonly hosts: readonly ReportedHost[];
}

/** A configuration file, and what became of it. */
export interface ReportedFile {
  readonly path: string;
  readonly state: 'read' | 'absent' | 'unreadable';
}

/** One thing that a file says about some names. */
export interface ReportedRule {
  /** `docker.io`, `*.example.com`, `10.0.0.0/8`. */
  readonly names: string;
  readonly says: string;
  readonly origin: string;
}

export interface RegistryReport {
  /** The most important first. */
  readonly files: readonly ReportedFile[];
  readonly rules: readonly ReportedRule[];
  /** Proxies and flags. */
  readonly facts: readonly ReportedFact[];
}

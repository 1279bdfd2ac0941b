/** A registry that is served, as the command line and library users see it. */
import type { RegistryConfig } from './registry-config.ts';

/** What is not said is as in DEFAULT_CONFIG: 127.0.0.1:5000, for everybody. */
export interface ServeOptions extends Partial<RegistryConfig> {
  /** Serve these image archives where they lie, for reading only, instead of the local store. */
  readonly archives?: readonly string[];
  /** One line per request. */
  readonly log?: (line: string) => void;
}

export interface RegistryHandle extends AsyncDisposable {
  /** The address it listens on, `127.0.0.1:5000`. */
  readonly address: string;
  /** `http://127.0.0.1:5000` */
  readonly url: string;
  /** The certificate authority of our own that clients must trust, with `tls.self`. */
  readonly authority?: { readonly path: string; readonly fingerprint: string };
}

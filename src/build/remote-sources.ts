/** Where ADD and contexts get what is elsewhere. The engine hands it in: builds know no network. */

export interface RemoteSources {
  /** Asks for a file. @throws DOWNLOAD_FAILED, CANCELLED */
  download(url: URL, options: RemoteFileOptions): Promise<RemoteFile>;
  readonly git: GitSources;
  /** An address without what may be secret in it. */
  display(url: URL): string;
}

export interface RemoteFileOptions {
  /** The tag that is known of it. */
  readonly known?: string;
  /** Sent to the address itself, not to where it redirects. */
  readonly authorization?: string;
  readonly signal: AbortSignal;
}

/** Read it to its end or dispose it. */
export interface RemoteFile extends AsyncDisposable {
  readonly isUnchanged: boolean;
  readonly etag?: string;
  /** Seconds since 1970. */
  readonly lastModified?: number;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface GitSources {
  /** The commit that a reference means now. @throws GIT_FAILED */
  resolve(request: GitRequest): Promise<string>;
  /** Fills an empty folder with the tree of a commit. @throws GIT_FAILED */
  checkOut(request: GitRequest, options: GitCheckout): Promise<GitCommit>;
}

export interface GitRequest {
  readonly remote: string;
  /** A branch, a tag, a commit; absent: what the remote calls HEAD. */
  readonly ref?: string;
  /** For http(s). */
  readonly authorization?: string;
  /** The socket of the agent that has the keys, for ssh. */
  readonly agent?: string;
  readonly signal: AbortSignal;
}

export interface GitCheckout {
  /** What {@link GitSources.resolve} said. */
  readonly commit: string;
  readonly folder: string;
  readonly keepGitDir: boolean;
  readonly submodules: boolean;
}

export interface GitCommit {
  /** When it was committed, seconds. */
  readonly time: number;
}

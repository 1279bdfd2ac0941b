/** A package that is installed in an image, from whatever says so. */
export interface InstalledPackage {
  /** Package URL type (purl-spec): deb, apk, rpm, npm, pypi. */
  readonly type: 'deb' | 'apk' | 'rpm' | 'npm' | 'pypi';
  readonly name: string;
  readonly version: string;
  /** Of rpm; absent: 0. */
  readonly epoch?: number;
  /** Of deb, apk and rpm: what it was built for. */
  readonly architecture?: string;
  /** As the package says it. */
  readonly license?: string;
  /** The file that says so, from the root. */
  readonly foundIn: string;
}

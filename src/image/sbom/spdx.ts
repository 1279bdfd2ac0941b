/**
 * Packages as an SPDX 2.3 document (spdx.github.io/spdx-spec/v2.3). It says what is known and no more:
 * licences are declared as the packages declare them, and nothing is concluded.
 */
import type { InstalledPackage } from './package.ts';

export interface SpdxSubject {
  /** What the packages are in. */
  readonly name: string;
  /** Unique for the document: a URI. */
  readonly namespace: string;
  /** ISO 8601. */
  readonly created: string;
  /** The program that wrote it, `name-version`. */
  readonly tool: string;
  /** Of the operating system, for the packages of its own manager: `debian`, `alpine`, `fedora`. */
  readonly distribution?: string;
  /** What could not be read. */
  readonly unread: readonly string[];
}

const NOTHING = 'NOASSERTION';

export function spdxDocument(packages: readonly InstalledPackage[], subject: SpdxSubject): object {
  const root = 'SPDXRef-Image';
  const listed = packages.map((one, i) => spdxPackage(one, i, subject));
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: subject.name,
    documentNamespace: subject.namespace,
    ...commentOf(subject),
    creationInfo: {
      created: subject.created.replace(/\.\d+Z$/, 'Z'),
      creators: [`Tool: ${subject.tool}`],
    },
    packages: [
      {
        SPDXID: root,
        name: subject.name,
        downloadLocation: NOTHING,
        filesAnalyzed: false,
        primaryPackagePurpose: 'CONTAINER',
      },
      ...listed,
    ],
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', root),
      ...listed.map(({ SPDXID }) => relation(root, 'CONTAINS', SPDXID)),
    ],
  };
}

function relation(spdxElementId: string, relationshipType: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

/** Who reads the list must know what is not in it. */
function commentOf({ unread }: SpdxSubject): { readonly comment?: string } {
  if (unread.length === 0) return {};
  return { comment: `not complete: the packages listed in ${unread.join(', ')} were not read` };
}

function spdxPackage(one: InstalledPackage, index: number, subject: SpdxSubject) {
  const { type, name, version, epoch, license, foundIn } = one;
  return {
    SPDXID: `SPDXRef-Package-${type}-${index + 1}`,
    name,
    versionInfo: epoch === undefined ? version : `${epoch}:${version}`,
    downloadLocation: NOTHING,
    filesAnalyzed: false,
    licenseConcluded: NOTHING,
    licenseDeclared: license !== undefined && isExpression(license) ? license : NOTHING,
    copyrightText: NOTHING,
    sourceInfo: `found in /${foundIn}`,
    externalRefs: [
      {
        referenceCategory: 'PACKAGE-MANAGER',
        referenceType: 'purl',
        referenceLocator: packageUrl(one, subject.distribution),
      },
    ],
  };
}

/** Identifiers of the SPDX list joined by its operators; texts of other kinds would make it invalid. */
function isExpression(text: string): boolean {
  const word = '[A-Za-z0-9][A-Za-z0-9.+-]*';
  return new RegExp(`^\\(?${word}\\)?(?: (?:AND|OR|WITH) \\(?${word}\\)?)*$`).test(text);
}

/** purl-spec: `pkg:deb/debian/libc6@2.36-9?arch=amd64`. */
export function packageUrl(
  { type, name, version, epoch, architecture }: InstalledPackage,
  distribution?: string,
): string {
  const isOfSystem = type === 'deb' || type === 'apk' || type === 'rpm';
  const namespace = isOfSystem && distribution ? `${encodeURIComponent(distribution)}/` : '';
  // Python's names are equal whatever their case and dashes.
  const plain = type === 'pypi' ? name.toLowerCase().replaceAll('_', '-') : name;
  const path = plain.split('/').map(encodeURIComponent).join('/');
  const said = [
    ...(architecture ? [`arch=${encodeURIComponent(architecture)}`] : []),
    ...(epoch === undefined ? [] : [`epoch=${epoch}`]),
  ];
  const qualifiers = said.length > 0 ? `?${said.join('&')}` : '';
  return `pkg:${type}/${namespace}${path}@${encodeURIComponent(version)}${qualifiers}`;
}

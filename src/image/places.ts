/** Opened places (core/place.ts has how they are written): what can be read from, and written to. */
import type { Place } from '#core/place.ts';
import type { Reference } from '#core/reference.ts';
import type { ReferrerLister, Repository } from '#core/repository.ts';
import type { ArrivingBlobs } from '#store/arriving-blobs.ts';
import type { Lease } from '#store/leases.ts';
import type { PackedRepository } from '#store/packed-repository.ts';

/** The caller disposes it. */
export interface ImageSource extends AsyncDisposable {
  readonly place: Place;
  readonly repository: Repository & ReferrerLister;
  /** Which repository it is, without tag and digest; absent for folders and tars. */
  readonly name?: Reference;
  /** Folders and tars: all their images, with names. */
  readonly archive?: PackedRepository;
  /** The local store: keeps from gc what it is told to hold. */
  readonly lease?: Lease;
  /**
   * The tag or digest that the place names. Where it names none: `latest` of a repository, the only image
   * of a folder or tar. @throws MANIFEST_UNKNOWN, IMAGE_UNKNOWN
   */
  selector(): Promise<string>;
}

/** The caller disposes it. */
export type ImageTarget = RepositoryTarget | ArchiveTarget;

/** Takes content piece by piece. */
export interface RepositoryTarget extends AsyncDisposable {
  readonly kind: 'repository';
  readonly place: Place;
  readonly repository: Repository & ReferrerLister;
  /** Which repository it is, without tag and digest; absent for folders. */
  readonly name?: Reference;
  /** As the place says it. */
  readonly tag?: string;
  /** The local store: what has arrived, to be checked before it gets a name. */
  readonly arriving?: ArrivingBlobs;
}

/** Is written in one go, once all that goes into it is known. */
export interface ArchiveTarget extends AsyncDisposable {
  readonly kind: 'archive';
  readonly place: Place;
  readonly path: string;
  /** As the place says it. */
  readonly name?: Reference;
  /** As the place says it: a tag of what the image is called where it comes from. */
  readonly tag?: string;
}

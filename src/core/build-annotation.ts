/** `--annotation` of a build: a key and a value, and what of the image they are written on. */
import type { Platform } from './platform.ts';

export interface BuildAnnotation {
  /** A manifest, its descriptor in the index, the index itself, and that one's descriptor. */
  readonly on: AnnotationPlace;
  /** The one platform it is for; absent: all. */
  readonly platform?: Platform;
  readonly key: string;
  readonly value: string;
}

export type AnnotationPlace = 'manifest' | 'manifest-descriptor' | 'index' | 'index-descriptor';

/**
 * Slipway as a library: re-exports only. Open an engine, call what the commands call.
 *
 *     await using engine = await openEngine(settings);
 *     const { imageId } = await engine.build({ context: '.', tags: ['app'] });
 */
export type { ArchivePlanSummary, SavedImage } from '#core/archive-summary.ts';
export type {
  BuildDetails,
  BuildInputs,
  BuildResultRecord,
  BuildStatus,
  BuildStepRecord,
  BuildSummary,
  StepCounts,
} from '#core/build-record.ts';
export { type ByteString, displayBytes } from '#core/bytes.ts';
export type { ContainerLimits, DeviceLimit, Ulimit } from '#core/container-limits.ts';
export type { Descriptor } from '#core/descriptor.ts';
export type { Diagnostic, Severity } from '#core/diagnostic.ts';
export { type Digest, digestOf, parseDigest } from '#core/digest.ts';
export {
  ERROR_CODES,
  type ErrorCode,
  type ErrorKind,
  isSlipwayError,
  SlipwayError,
} from '#core/errors.ts';
export type { Event, EventSink, TransferEvent, VertexEvent } from '#core/events.ts';
export type { ImageCheck } from '#core/image-check.ts';
export type { ImageConfig } from '#core/image-config.ts';
export type { CopyPlan, CopyRequest, ImageCopy, PlannedCopy } from '#core/image-copy.ts';
export type {
  AnalyzedLayer,
  ConfigChange,
  FileChange,
  FileDifference,
  FileKind,
  ImageAnalysis,
  ImageDiff,
  ImageFile,
  LayerSize,
  WastedFile,
} from '#core/image-files.ts';
export type {
  BrokenImage,
  ImageDetails,
  ImageSpace,
  ImageSummary,
  ImageTree,
  LoadedImage,
  LocalLayer,
  PlatformImage,
  RemovalPlan,
  RemovedName,
} from '#core/local-image.ts';
export type { ListedManifest, ManifestInspection } from '#core/manifest-list.ts';
export type { SyncFailure, SyncRequest, SyncResult, SyncStep } from '#core/mirror.ts';
export { formatPlatform, type Platform, parsePlatform } from '#core/platform.ts';
export {
  familiarReference,
  formatReference,
  parseReference,
  type Reference,
} from '#core/reference.ts';
export type { BlobStore, Repository } from '#core/repository.ts';
export type { SearchResult } from '#core/search-result.ts';
export type {
  CacheEntrySummary,
  CheckOptions,
  CheckReport,
  DigestHolder,
  DigestReport,
  DiskUsage,
  GarbageReport,
  PruneReport,
  PruneSelection,
  StoreProblem,
  UsageKind,
  UsageSummary,
} from '#core/store-report.ts';
export type {
  CombineImagesOptions,
  CreateListOptions,
  DigestOptions,
  DigestResult,
  ImageLook,
  InspectManifestOptions,
  ListNamesOptions,
  PushListOptions,
  RegistryTools,
  RemoteTagRemoval,
  SearchOptions,
  ValidateOptions,
} from '#engine/registry-tools.ts';
export * from '#engine.ts';

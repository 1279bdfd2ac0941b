/** Which endpoint answers which route. */
import type { Reply } from '../reply.ts';
import type { Route } from '../router.ts';
import { webEndpoint } from '../web/web.ts';
import { authorityEndpoint, baseEndpoint, type RegistryCall } from './base.ts';
import { blobEndpoint } from './blobs.ts';
import { catalogEndpoint, pingV1Endpoint, searchEndpoint } from './catalog.ts';
import { manifestEndpoint } from './manifests.ts';
import { healthEndpoint, metricsEndpoint, readyEndpoint } from './operations.ts';
import { referrersEndpoint } from './referrers.ts';
import { tagsEndpoint } from './tags.ts';
import { tokenEndpoint } from './token.ts';
import { uploadEndpoint, uploadsEndpoint } from './uploads.ts';

export function answer(route: Route, call: RegistryCall): Promise<Reply> | Reply {
  switch (route.kind) {
    case 'base':
      return baseEndpoint(call);
    case 'web':
      return webEndpoint(call, route.web, true);
    case 'authority':
      return authorityEndpoint(call);
    case 'token':
      return tokenEndpoint(call);
    case 'health':
      return healthEndpoint(call);
    case 'ready':
      return readyEndpoint(call);
    case 'metrics':
      return metricsEndpoint(call);
    case 'ping-v1':
      return pingV1Endpoint(call);
    case 'catalog':
      return catalogEndpoint(call);
    case 'search':
      return searchEndpoint(call);
    case 'tags':
      return tagsEndpoint(call, route.name);
    case 'referrers':
      return referrersEndpoint(call, route);
    case 'manifest':
      return manifestEndpoint(call, route);
    case 'blob':
      return blobEndpoint(call, route);
    case 'uploads':
      return uploadsEndpoint(call, route.name);
    case 'upload':
      return uploadEndpoint(call, route);
  }
}

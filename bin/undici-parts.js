/**
 * The parts of undici that the client uses, in its place in the bundle: all of it (fetch, WebSocket,
 * caches, mocks) would take longer to load than a small pull takes. `request` is as undici's own, for a
 * URL and a dispatcher.
 */
import api from 'undici/lib/api/index.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js';

Object.assign(Dispatcher.prototype, api);

/** @type {typeof import('undici').request} */
export function request(url, { dispatcher, ...options }) {
  const { origin, pathname, search } = new URL(url);
  return dispatcher.request({ ...options, origin, path: pathname + search });
}

export { Agent, ProxyAgent };

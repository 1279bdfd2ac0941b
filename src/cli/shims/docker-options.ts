/** Options of docker and docker buildx: those of `docker build` that are not ours as they are. */
import {
  bool,
  commas,
  ignored,
  type OptionTable,
  only,
  passed,
  read,
  refused,
  value,
  values,
} from './option-table.ts';

const NO_DAEMON = 'there is no daemon to speak to: leave it out';
const IN_DOCKERFILE = 'let the step ask for it with RUN --security=insecure';

export const DOCKER_GLOBALS: OptionTable = {
  config: read(value()),
  context: only(value('c'), ['', 'default'], NO_DAEMON),
  debug: read(bool('D')),
  host: refused(values('H'), NO_DAEMON),
  'log-level': read(value('l')),
  tls: ignored(bool(), NO_DAEMON),
  tlscacert: ignored(value(), NO_DAEMON),
  tlscert: ignored(value(), NO_DAEMON),
  tlskey: ignored(value(), NO_DAEMON),
  tlsverify: ignored(bool(), NO_DAEMON),
  version: read(bool('v')),
};

export const DOCKER_BUILD: OptionTable = {
  'add-host': passed(commas()),
  attest: passed(values()),
  builder: ignored(value(), 'there is one builder'),
  compress: ignored(bool(), 'the context is not sent anywhere'),
  debug: read(bool('D')),
  'disable-content-trust': ignored(bool(undefined, true), 'images have no such signatures'),
  'force-rm': ignored(bool(), 'no container of a step stays'),
  isolation: only(value(), ['', 'default'], 'the isolation of Linux is the default one'),
  platform: passed(values()),
  policy: refused(values(), 'leave it out'),
  print: passed(value(), 'call'),
  progress: read(value()),
  resource: read(values()),
  rm: ignored(bool(undefined, true), 'no container of a step stays'),
  'security-opt': refused(commas(), IN_DOCKERFILE),
  squash: passed(bool()),
};

/** What a buildx command would do that has no counterpart. */
const ONE_BUILDER = 'there is one builder, always there: leave the command out';
const ENDS = 'containers run in the foreground and are gone when they end: slipway run';

export const DOCKER_MISSING: Readonly<Record<string, string>> = {
  'buildx bake': 'build the targets one by one: slipway build --target NAME',
  'buildx create': ONE_BUILDER,
  'buildx inspect': ONE_BUILDER,
  'buildx ls': ONE_BUILDER,
  'buildx rm': ONE_BUILDER,
  'buildx stop': ONE_BUILDER,
  'buildx use': ONE_BUILDER,
  commit: 'write a Dockerfile and build it: slipway build',
  compose: 'build the images one by one: slipway build',
  cp: 'take files out of an image: slipway image cp',
  create: ENDS,
  exec: ENDS,
  export: 'the root of an image, not of a container: slipway export IMAGE',
  logs: ENDS,
  ps: ENDS,
  rm: ENDS,
  start: ENDS,
  stop: ENDS,
};

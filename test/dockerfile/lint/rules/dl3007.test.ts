/** DL3007: the base image has the tag latest. */
import { dl3007 } from '#dockerfile/lint/rules/dl3007.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3007, {
  catches: [
    ['FROM debian:latest', ['latest']],
    ['FROM host:5000/debian:latest AS x', ['latest']],
  ],
  isSilentAbout: [
    'FROM debian:13',
    'FROM debian',
    'FROM debian:latest@sha256:0000000000000000000000000000000000000000000000000000000000000000',
    'FROM latest:1',
    'FROM debian:latest-slim',
    'FROM host:5000/debian',
  ],
});

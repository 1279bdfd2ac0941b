/** DL3006: the base image has no tag. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { dl3006 } from '#dockerfile/lint/rules/dl3006.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3006, {
  catches: [
    ['FROM debian', ['debian']],
    ['FROM host:5000/a/debian', ['host:5000/a/debian']],
    ['FROM --platform=linux/arm64 debian AS x', ['debian']],
    ['FROM $REGISTRY/debian', ['$REGISTRY/debian']],
    ['FROM a:1 AS build\nFROM builds', ['builds']],
    ['FROM later\nFROM a:1 AS later', ['later']],
  ],
  isSilentAbout: [
    'FROM debian:13',
    'FROM scratch',
    'FROM debian@sha256:0000000000000000000000000000000000000000000000000000000000000000',
    'FROM debian:$TAG',
    'ARG BASE=a:1\nFROM $BASE',
    'ARG B=a\nFROM ${B:-b}',
    'ARG B=a\nFROM x/${B}-slim',
    'FROM a:1 AS build\nFROM Build',
    'FROM a:1 AS Build\nFROM build AS c\nFROM c',
  ],
});

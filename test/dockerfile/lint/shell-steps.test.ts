/** The steps of a stage: forms of RUN, triggers, shells, mounts, and places in the file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allCommands,
  mountsOver,
  type ShellStep,
  shellSteps,
} from '#dockerfile/lint/shell-steps.ts';
import { subjectOf } from '#test/helpers/lint-rule.ts';

/** The steps of the last stage. */
function steps(text: string): readonly ShellStep[] {
  const subject = subjectOf(text);
  const stage = subject.stages.stages.at(-1);
  assert.ok(stage);
  return shellSteps(stage, subject);
}

/** All words of a file's commands as the file has them. */
function places(text: string): readonly string[] {
  return [...allCommands(subjectOf(text))].flatMap(({ command }) =>
    [command.name, ...command.args].map(({ range }) => text.slice(range.start, range.end)),
  );
}

test('words have their place across continuations and comments', () => {
  const text = 'FROM a\nRUN --network=none a \\\n  # no; b\n\n  "c d" && \\\r\n e\n';
  assert.deepEqual(places(text), ['a', '"c d"', 'e']);
});

test('the escape character of the file continues lines', () => {
  assert.deepEqual(places('# escape=`\nFROM a\nRUN a `\n  b\\ c\n'), ['a', 'b\\ c']);
});

test('the exec form is one command, whose words have their quotes', () => {
  assert.deepEqual(places('FROM a\nRUN ["a b", "c"]\n'), ['"a b"', '"c"']);
});

test('a heredoc is read where a shell reads it', () => {
  assert.deepEqual(places('FROM a\nRUN <<EOF\na b\n\tc\nEOF\n'), ['a', 'b', 'c']);
  assert.deepEqual(places('FROM a\nRUN <<-EOF\n\ta\n\tEOF\n'), ['a']);
  assert.deepEqual(places('FROM a\nRUN bash -e <<EOF\na\nEOF\n'), ['bash', '-e', 'a']);
  assert.deepEqual(places('FROM a\nRUN cat <<EOF > /x\na\nEOF\n'), ['cat']);
  assert.deepEqual(places('FROM a\nRUN <<EOF\n#!/usr/bin/env python3\nimport x\nEOF\n'), []);
  assert.deepEqual(places('FROM a\nRUN <<EOF\n#!/bin/bash -e\na\nEOF\n'), ['a']);
});

test('RUN behind ONBUILD is a step too', () => {
  const text = 'FROM a\nONBUILD RUN --mount=type=cache,target=/x  a \\\n  b\nONBUILD COPY c d\n';
  assert.deepEqual(places(text), ['a', 'b']);
  const [step] = steps(text);
  assert.ok(step?.isTrigger && mountsOver(step, '/x'));
});

test('only caches and tmpfs keep files out of the layer', () => {
  const [step] = steps(
    'FROM a\nRUN --mount=type=cache,dst=/a/b --mount=type=tmpfs,target=/c --mount=type=bind,target=/d x',
  );
  assert.ok(step);
  assert.deepEqual(
    ['/a', '/a/b', '/c', '/d', '/e'].map((path) => mountsOver(step, path)),
    [true, true, true, false, false],
  );
});

test('the fields of a mount are docker’s: any case, quotes around commas, dst for target', () => {
  const [step] = steps('FROM a\nRUN --mount=TYPE=Cache,\'"dst=/a,b"\' --mount=type=cache,src=/s x');
  assert.ok(step);
  assert.deepEqual(
    ['/a,b', '/s'].map((path) => mountsOver(step, path)),
    [true, false],
  );
});

test('SHELL holds until the next one, and in stages built upon it', () => {
  const bash = 'SHELL ["/bin/bash", "-eo", "pipefail", "-c"]';
  const pipefail = (text: string) => steps(text).map((step) => step.pipefail);
  assert.deepEqual(pipefail(`FROM a\nRUN x\n${bash}\nRUN y\nSHELL ["/bin/sh", "-c"]\nRUN z`), [
    ...[false, true, false],
  ]);
  assert.deepEqual(pipefail(`FROM a AS b\n${bash}\nFROM B\nRUN x`), [true]);
  assert.deepEqual(pipefail(`FROM a AS b\n${bash}\nFROM c\nRUN x`), [false]);
});

test('nothing is said about shells that are not POSIX', () => {
  const [step] = steps('FROM a\nSHELL ["powershell", "-Command"]\nRUN cd x | y');
  assert.deepEqual(step?.script, { commands: [], pipes: [] });
  assert.equal(step?.pipefail, true);
});

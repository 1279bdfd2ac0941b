/** FromAsCasing: FROM and AS alike. */
import { fromAsCasing } from '#dockerfile/lint/rules/from-as-casing.ts';
import { testCheck } from '#test/helpers/build-check.ts';

testCheck(fromAsCasing, {
  finds: [
    ['FROM alpine as builder', [[1, 'as', "'as' and 'FROM' keywords' casing do not match"]]],
    ['from alpine AS builder', [[1, 'AS', "'AS' and 'from' keywords' casing do not match"]]],
    ['FROM alpine As builder', [[1, 'As', "'As' and 'FROM' keywords' casing do not match"]]],
    [
      'FROM alpine \\\n# as it is\n  as \\\n  basic',
      [[1, 'as', "'as' and 'FROM' keywords' casing do not match"]],
    ],
  ],
  silent: [['FROM alpine AS as'], ['from alpine as AS'], ['From alpine as x'], ['FROM as']],
  fixes: [
    ['FROM as as basic', 'FROM as AS basic'],
    ['from a AS b', 'from a as b'],
  ],
});

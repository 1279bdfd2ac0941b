/** ExposeProtoCasing: protocols in lower case. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { exposeProtoCasing } from '#dockerfile/lint/rules/expose-proto-casing.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const message = (port: string): string =>
  `Defined protocol '${port}' in EXPOSE instruction should be lowercase`;

testCheck(exposeProtoCasing, {
  finds: [
    [
      'FROM a\nEXPOSE 80/TCP 81/udp 82/Udp',
      [
        [2, '80/TCP', message('80/TCP')],
        [2, '82/Udp', message('82/Udp')],
      ],
    ],
    ['FROM a\nENV P="80/TCP 81/tcp"\nEXPOSE $P', [[3, '$P', message('80/TCP')]]],
  ],
  silent: [['FROM a\nEXPOSE 80 80/tcp 80-90/udp'], ['FROM a\nEXPOSE ${NONE}']],
  fixes: [
    ['FROM a\nEXPOSE 80/TCP 81', 'FROM a\nEXPOSE 80/tcp 81'],
    ['FROM a\nENV P=80/TCP\nEXPOSE $P', 'FROM a\nENV P=80/TCP\nEXPOSE $P'],
  ],
});

/** ExposeInvalidFormat: container ports only. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { exposeInvalidFormat } from '#dockerfile/lint/rules/expose-invalid-format.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const message = (port: string): string =>
  `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`;

testCheck(exposeInvalidFormat, {
  finds: [
    [
      'FROM a\nEXPOSE 80 8080:80 127.0.0.1:81:81/udp',
      [
        [2, '8080:80', message('8080:80')],
        [2, '127.0.0.1:81:81/udp', message('127.0.0.1:81:81/udp')],
      ],
    ],
    ['FROM a\nENV P=1:2\nEXPOSE $P', [[3, '$P', message('1:2')]]],
    ['FROM a\nEXPOSE [::1]:80:80', [[2, '[::1]:80:80', message('[::1]:80:80')]]],
  ],
  silent: [['FROM a\nEXPOSE 80 80/tcp 80-90']],
  fixes: [
    ['FROM a\nEXPOSE 127.0.0.1:81:81/udp 80', 'FROM a\nEXPOSE 81/udp 80'],
    ['FROM a\nENV P=1:2\nEXPOSE $P', 'FROM a\nENV P=1:2\nEXPOSE $P'],
  ],
});

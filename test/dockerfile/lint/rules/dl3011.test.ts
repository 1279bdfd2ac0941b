/** DL3011: a port beyond the range of ports. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { dl3011 } from '#dockerfile/lint/rules/dl3011.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3011, {
  catches: [
    ['FROM a:1\nEXPOSE 80000', ['80000']],
    ['FROM a:1\nEXPOSE 80 70000/udp', ['70000/udp']],
    ['FROM a:1\nEXPOSE 80-65536', ['80-65536']],
  ],
  isSilentAbout: [
    'FROM a:1\nEXPOSE 0 65535',
    'FROM a:1\nEXPOSE 60000-65535/tcp',
    'FROM a:1\nEXPOSE $PORT',
    'FROM a:1\nEXPOSE ${PORT:-80000}',
  ],
});

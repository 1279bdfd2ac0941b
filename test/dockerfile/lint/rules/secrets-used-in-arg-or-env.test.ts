/** SecretsUsedInArgOrEnv: no secrets in ARG and ENV. */
import { secretsUsedInArgOrEnv } from '#dockerfile/lint/rules/secrets-used-in-arg-or-env.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const message = (kind: string, name: string): string =>
  `Do not use ARG or ENV instructions for sensitive data (${kind} "${name}")`;

testCheck(secretsUsedInArgOrEnv, {
  finds: [
    [
      'FROM a\nARG AWS_SECRET_ACCESS_KEY\nENV token=1 Auth_x=2 y=3',
      [
        [2, 'AWS_SECRET_ACCESS_KEY', message('ARG', 'AWS_SECRET_ACCESS_KEY')],
        [3, 'token', message('ENV', 'token')],
        [3, 'Auth_x', message('ENV', 'Auth_x')],
      ],
    ],
    ['FROM a\nARG N=my_password\nENV $N=1', [[3, '$N', message('ENV', 'my_password')]]],
    ['FROM a\nenv API_KEY 1', [[2, 'API_KEY', message('ENV', 'API_KEY')]]],
    [
      'FROM a\nARG apikey credential db_pword',
      [
        [2, 'apikey', message('ARG', 'apikey')],
        [2, 'credential', message('ARG', 'credential')],
        [2, 'db_pword', message('ARG', 'db_pword')],
      ],
    ],
  ],
  silent: [
    ['ARG TOKEN=1\nFROM a'],
    ['FROM a\nARG tokens keys secretx author passwords'],
    ['FROM a\nENV PUBLIC_KEY=1 PASSWORD_FILE=/x TOKEN_VERSION=2'],
    ['FROM a\nLABEL token=1'],
  ],
});

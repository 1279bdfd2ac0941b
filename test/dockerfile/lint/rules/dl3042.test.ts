/** DL3042: pip install keeps its cache in the layer. */
import { dl3042 } from '#dockerfile/lint/rules/dl3042.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3042, {
  catches: [
    ['FROM a:1\nRUN pip install x', ['install']],
    ['FROM a:1\nRUN pip3 install x', ['install']],
    ['FROM a:1\nRUN /venv/bin/pip3.12 install x', ['install']],
    ['FROM a:1\nRUN python3 -m pip install x', ['install']],
    ['FROM a:1\nENV PIP_NO_CACHE_DIR=0\nRUN pip install x', ['install']],
    ['FROM a:1 AS b\nENV PIP_NO_CACHE_DIR=1\nFROM c:1\nRUN pip install x', ['install']],
    ['FROM a:1\nRUN pip install x\nENV PIP_NO_CACHE_DIR=1', ['install']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN pip install --no-cache-dir x',
    'FROM a:1\nRUN pip --no-cache-dir install x',
    'FROM a:1\nRUN pipx install x',
    'FROM a:1\nRUN pipenv install x',
    'FROM a:1\nRUN python -m pipx install x',
    'FROM a:1\nRUN pip download x',
    'FROM a:1\nENV PIP_NO_CACHE_DIR=1\nRUN pip install x',
    'FROM a:1\nENV A=1 PIP_NO_CACHE_DIR="true"\nRUN pip install x',
    'FROM a:1\nARG PIP_NO_CACHE_DIR=1\nRUN pip install x',
    'FROM a:1 AS b\nENV PIP_NO_CACHE_DIR=on\nFROM b\nRUN pip install x',
    'FROM a:1\nRUN PIP_NO_CACHE_DIR=1 pip install x',
    'FROM a:1\nRUN export PIP_NO_CACHE_DIR=1 && pip install x',
    'FROM a:1\nRUN --mount=type=cache,target=/root/.cache/pip pip install x',
  ],
});

/** The page's style and its script, which only adds what HTML cannot do: copying. */
import type { Reply } from '../reply.ts';

const STYLE = `:root {
  color-scheme: light dark;
  --line: light-dark(#d0d7de, #3d444d);
  --soft: light-dark(#57606a, #9aa4af);
  --back: light-dark(#f6f8fa, #151b23);
  --link: light-dark(#0550ae, #79b8ff);
  --bad: light-dark(#b3261e, #ff8a80);
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 0 1rem 3rem; font: 1rem/1.5 system-ui, sans-serif;
  background: light-dark(#fff, #0d1117); color: light-dark(#1f2328, #e6edf3); }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 0; background: var(--back); padding: .5rem; }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; padding: .75rem 0;
  border-bottom: 1px solid var(--line); }
header form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; flex: 1; min-width: 0; }
.home { font-weight: 700; text-decoration: none; }
label { color: var(--soft); }
input, button { font: inherit; padding: .25rem .5rem; border: 1px solid var(--line); border-radius: .375rem;
  background: var(--back); color: inherit; }
input[type=search] { flex: 1; min-width: 8rem; }
button { cursor: pointer; }
h1 { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { text-align: left; padding: .375rem .75rem .375rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
code, pre, .command input { font-family: ui-monospace, monospace; font-size: .875rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--back); padding: .75rem;
  border-radius: .375rem; margin: 0; }
dl { display: grid; grid-template-columns: minmax(5rem, max-content) minmax(0, 1fr); gap: .25rem 1rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.command { display: flex; gap: .5rem; align-items: center; margin: .5rem 0; }
.command input { flex: 1; min-width: 0; }
.command label { min-width: 5rem; }
time { white-space: nowrap; }
.none { color: var(--soft); }
.danger { color: var(--bad); border-color: var(--bad); }
.wide { overflow-x: auto; }
`;

const SCRIPT = `'use strict';
for (const command of document.querySelectorAll('.command')) {
  const input = command.querySelector('input');
  input.addEventListener('focus', () => input.select());
  if (!navigator.clipboard) continue;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', 'Copy the command for ' + command.querySelector('label').textContent);
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(input.value);
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  command.append(button);
}
`;

export function assetReply(name: 'style.css' | 'script.js'): Reply {
  const [type, body] = name === 'style.css' ? ['text/css', STYLE] : ['text/javascript', SCRIPT];
  return {
    status: 200,
    headers: {
      'content-type': `${type}; charset=utf-8`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'max-age=300',
    },
    body,
  };
}

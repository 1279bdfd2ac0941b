/** The frame around each page: title, search, who is signed in; and what browsers may do with it. */
import type { Reply } from '../reply.ts';
import { type Html, html } from './html.ts';

export interface Page {
  readonly title: string;
  readonly body: Html;
  /** Undefined: nobody signed in. */
  readonly user: string | undefined;
  /** Sign-in makes sense. */
  readonly hasGuard: boolean;
  /** What the search field holds. */
  readonly query?: string;
}

/** Nothing from elsewhere, nothing inline, in no frame: what a manifest says can do no harm here. */
const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

export function pageReply(page: Page, status = 200): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', ...PAGE_HEADERS },
    body: frame(page).text,
  };
}

function frame({ title, body, user, hasGuard, query = '' }: Page): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="stylesheet" href="/-/style.css">
<script src="/-/script.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<a class="home" href="/">Registry</a>
<form action="/" role="search">
<label for="q">Search repositories</label>
<input type="search" id="q" name="q" value="${query}">
<button>Search</button>
</form>
<p class="who">${who(user, hasGuard)}</p>
</header>
<main id="main">
${body}
</main>
</body>
</html>
`;
}

function who(user: string | undefined, hasGuard: boolean): Html {
  if (user !== undefined) return html`Signed in as <b>${user}</b>`;
  return hasGuard ? html`<a href="/sign-in">Sign in</a>` : html``;
}

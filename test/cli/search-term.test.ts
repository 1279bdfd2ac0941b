/** docker's search terms. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { searchTerm } from '#cli/search-term.ts';

test('a registry in front is asked, otherwise Docker Hub', () => {
  const terms: Readonly<Record<string, object>> = {
    nginx: { term: 'nginx' },
    'bitnami/nginx': { term: 'bitnami/nginx' },
    'library/nginx': { term: 'nginx' },
    'docker.io/library/nginx': { term: 'nginx' },
    'localhost/app': { term: 'app', registry: 'localhost' },
    'house:5000/team/app': { term: 'team/app', registry: 'house:5000' },
    'registry.example.com/': { term: '', registry: 'registry.example.com' },
  };
  for (const [text, term] of Object.entries(terms)) assert.deepEqual(searchTerm(text), term, text);
});

test('a scheme is refused', () => {
  assert.throws(() => searchTerm('http://house:5000/app'), {
    code: 'USAGE',
    hint: /^write house:5000\/app;/,
  });
});

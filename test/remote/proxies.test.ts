/** HTTP_PROXY and its relatives. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProxySettings } from '#core/registry-settings.ts';
import { proxyFor } from '#remote/proxies.ts';

const PROXIES: ProxySettings = {
  http: { value: 'http://plain:1', origin: 'HTTP_PROXY' },
  https: { value: 'proxy:3128', origin: 'HTTPS_PROXY' },
};

const chosen = (url: string, none?: string, proxies = PROXIES): string | undefined =>
  proxyFor(
    new URL(url),
    none === undefined ? proxies : { ...proxies, none: { value: none, origin: 'NO_PROXY' } },
  ).value?.href;

describe('proxyFor', () => {
  it('by scheme; a proxy without one is HTTP', () => {
    assert.equal(chosen('http://r.example/'), 'http://plain:1/');
    assert.equal(chosen('https://r.example/'), 'http://proxy:3128/');
  });

  it('ALL_PROXY where nothing else is said', () => {
    const all = { all: { value: 'socks5://s:1080', origin: 'ALL_PROXY' } };
    assert.equal(chosen('https://r.example/', undefined, all), 'socks5://s:1080');
    assert.equal(
      chosen('https://r.example/', undefined, { ...PROXIES, ...all }),
      'http://proxy:3128/',
    );
  });

  it('this machine never', () => {
    for (const host of ['localhost:5000', '127.0.0.1', '[::1]:5000', 'a.localhost']) {
      assert.equal(chosen(`https://${host}/`), undefined);
    }
  });

  const LISTED: readonly (readonly [none: string, url: string, isListed: boolean])[] = [
    ['*', 'https://r.example/', true],
    ['r.example', 'https://r.example/', true],
    ['r.example', 'https://a.r.example/', true],
    ['r.example', 'https://other.example/', false],
    ['r.example', 'https://notr.example/', false],
    ['.r.example', 'https://a.r.example/', true],
    ['.r.example', 'https://r.example/', false],
    ['*.r.example', 'https://a.r.example/', true],
    ['r.example:5000', 'https://r.example:5000/', true],
    ['r.example:5000', 'https://r.example/', false],
    ['r.example:443', 'https://r.example/', true],
    ['a.example, r.example', 'https://r.example/', true],
    ['R.Example', 'https://r.example/', true],
    ['10.0.0.0/8', 'https://10.1.2.3:5000/', true],
    ['10.0.0.0/8', 'https://11.1.2.3/', false],
    ['10.1.2.3', 'https://10.1.2.3/', true],
    ['10.1.2.3:5000', 'https://10.1.2.3/', false],
    ['fd00::/8', 'https://[fd00::7]:5000/', true],
    ['fd00::7', 'https://[fd00::7]/', true],
    ['[fd00::7]:5000', 'https://[fd00::7]:5000/', true],
    ['', 'https://r.example/', false],
  ];
  for (const [none, url, isListed] of LISTED) {
    it(`NO_PROXY="${none}" ${isListed ? 'holds' : 'does not hold'} ${url}`, () => {
      assert.equal(chosen(url, none) === undefined, isListed);
    });
  }

  it('says who decided', () => {
    const none = { value: 'r.example', origin: 'NO_PROXY' };
    assert.deepEqual(proxyFor(new URL('https://r.example/'), { ...PROXIES, none }), {
      value: undefined,
      origin: 'NO_PROXY',
    });
    assert.equal(proxyFor(new URL('https://x.example/'), PROXIES).origin, 'HTTPS_PROXY');
  });
});

/** The pages in a real browser: by keyboard, with and without its script, light and dark. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { browser, NO_BROWSER } from '#test/helpers/browser.ts';
import { ANA, guardedRegistry } from '#test/helpers/guarded-registry.ts';
import { putImage, sampleImage } from '#test/helpers/images.ts';
import { type RegistryUnderTest, remoteAt, temporaryRegistry } from '#test/helpers/registry.ts';

const TIMEOUT_MS = 120_000;

async function registryWithImages(): Promise<RegistryUnderTest> {
  const registry = await temporaryRegistry();
  for (const [name, tag] of [
    ['team/app', 'v1'],
    ['team/app', 'v2'],
    ['base', 'latest'],
  ] as const) {
    await using remote = remoteAt(registry.address, { repository: name });
    await putImage(remote, await sampleImage({ layers: 3 }), tag);
  }
  return registry;
}

async function open(
  chromium: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await chromium.newContext(options);
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

test('in a browser', { timeout: 10 * TIMEOUT_MS }, async (t) => {
  await using chromium = await browser();
  if (!chromium) {
    t.skip(NO_BROWSER);
    return;
  }

  await t.test('from search to deletion, with problems on no page', async () => {
    await using registry = await registryWithImages();
    const page = await open(chromium, registry.url('/'), {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const problems: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('pageerror', (error) => void problems.push(error.message));
    await page.getByLabel('Search repositories').fill('app');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/?q=app');
    assert.equal(await page.getByRole('link', { name: 'base' }).count(), 0);
    await page.getByRole('link', { name: 'team/app' }).click();
    await page.getByRole('link', { name: 'v1' }).click();
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'team/app:v1');
    assert.equal(
      await page.locator('table').filter({ hasText: 'Layers' }).locator('tbody tr').count(),
      3,
    );
    await page.getByRole('button', { name: 'Copy the command for docker' }).click();
    const copied = await page.evaluate('navigator.clipboard.readText()');
    assert.equal(copied, `docker pull ${registry.address}/team/app:v1`);
    await page.getByText('Delete…').click();
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Delete the tag v1' }).click();
    await page.waitForURL('**/repo/team/app');
    assert.equal(await page.getByRole('link', { name: 'v1' }).count(), 0);
    assert.equal(await page.getByRole('link', { name: 'v2' }).count(), 1);
    assert.deepEqual(problems, []);
  });

  await t.test('without its script everything works but copying', async () => {
    await using registry = await registryWithImages();
    const page = await open(chromium, registry.url('/repo/team/app:v2'), {
      javaScriptEnabled: false,
    });
    assert.equal(await page.getByRole('button', { name: /Copy/ }).count(), 0);
    assert.match(await page.getByLabel('podman').inputValue(), /^podman pull .*team\/app:v2$/);
    await page.getByText('Delete…').click();
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Delete the tag v2' }).click();
    await page.waitForURL('**/repo/team/app');
    assert.equal(await page.getByRole('link', { name: 'v2' }).count(), 0);
  });

  await t.test(
    'the first stop of the keyboard is the way past the header; all fields have names',
    async () => {
      await using registry = await registryWithImages();
      const page = await open(chromium, registry.url('/repo/team/app:v1'));
      await page.keyboard.press('Tab');
      assert.equal(
        await page.evaluate('document.activeElement.textContent'),
        'Skip to the content',
      );
      const nameless = await page.evaluate(
        `[...document.querySelectorAll('input')].filter((input) => input.labels.length === 0).length`,
      );
      assert.equal(nameless, 0);
      assert.equal(await page.evaluate('document.documentElement.lang'), 'en');
    },
  );

  await t.test(
    'light and dark differ, and a narrow screen needs no scrolling to the side',
    async () => {
      await using registry = await registryWithImages();
      const colours = new Set<unknown>();
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await open(chromium, registry.url('/repo/team/app:v1'), {
          colorScheme,
          viewport: { width: 360, height: 640 },
        });
        colours.add(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
        const overflow = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
        assert.equal(overflow, false, colorScheme);
      }
      assert.equal(colours.size, 2);
    },
  );

  await t.test('a password is asked for by the browser, and remembered by it', async () => {
    await using registry = await guardedRegistry();
    const [username, password] = ANA;
    const page = await open(chromium, registry.url('/'), {
      httpCredentials: { username, password },
    });
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.waitForURL(registry.url('/'));
    assert.match((await page.getByText('Signed in as').textContent()) ?? '', /ana/);
  });
});
